//! The laws of priors and biases, kept by a prior written outside of softbias.

use softbias::prelude::*;
use softbias::{Error, laws};
use your_own_prior::{Hinges, straight_unless_bent};

#[test]
fn laws_of_the_prior() -> Result<(), Error> {
    let x = Points::line([0.05, 0.3, 0.3, 0.71, 0.99])?;
    let hinges = Hinges::new(0.0, 1.0, 12);
    laws::gaussian(&hinges, &x, Seed::new(1))?;
    laws::white(&hinges, &x, Seed::new(2))?;
    laws::gaussian(&straight_unless_bent(0.0, 1.0)(Softness::new(0.3)?), &x, Seed::new(3))?;
    Ok(())
}

#[test]
fn laws_of_the_bias() -> Result<(), Error> {
    let x = Points::linspace(0.0, 1.0, 9)?;
    let line = Polynomial::orders(0..=1).window(Window::new(0.0, 1.0)?);
    laws::bias(&straight_unless_bent(0.0, 1.0), &line, &x)?;
    Ok(())
}

#[test]
fn a_foreign_prior_says_that_it_cannot_be_saved() {
    let model = Hinges::new(0.0, 1.0, 3).with_likelihood(Gaussian::noise(0.1));
    let error = model.save(std::env::temp_dir().join("never_written.softbias")).map_err(|e| e.to_string());
    assert!(error.is_err_and(|text| text.contains("Hinges")));
}
