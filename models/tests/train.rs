//! Training: closed forms, steps by hand, the course of a climb, checkpoints, ensembles and SWAG, each in its module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "train/bad_input.rs"]
mod bad_input;
#[path = "train/closed_form.rs"]
mod closed_form;
#[path = "train/course.rs"]
mod course;
#[path = "train/posteriors.rs"]
mod posteriors;
#[path = "train/resumed.rs"]
mod resumed;
#[path = "train/support.rs"]
mod support;
