//! Reports: their logic, their text, their files and their figures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias::report::{Figure, Panel, Relation, Report, ReportError, Value};

/// A directory of its own for a test, removed when the test is over.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("softbias-report-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Self(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn figure() -> Figure {
    let xs: Vec<f64> = (0..=200).map(|i| -1.0 + f64::from(i) / 100.0).collect();
    let explosive = xs.iter().map(|x| 1e300 * x.powi(31));
    let panel = Panel::new("Extrapolation")
        .x("x")
        .y("y")
        .y_range(-1.0, 1.0)
        .band("mean", &xs, xs.iter().map(|x| x - 3.0 * x * x), xs.iter().map(|x| x + 3.0 * x * x))
        .line("mean", &xs, &xs)
        .line("explosive", &xs, explosive)
        .dashed("broken", &xs, xs.iter().map(|x| if x.abs() < 0.3 { f64::NAN } else { 1.0 / x }))
        .points("data", [0.0, 0.5, f64::NAN, 7.0], [0.0, f64::INFINITY, 0.2, 0.1])
        .vline(0.5, "edge")
        .hline(f64::NAN, "nowhere");
    Figure::new("").panel(panel)
}

fn report() -> Report {
    let mut report = Report::new("Softer is better.");
    report
        .seed(7)
        .row([
            ("prior", "hard".into()),
            ("softness", "hard".into()),
            ("log evidence", f64::NEG_INFINITY.into()),
        ])
        .row([("prior", "soft, \"really\"".into()), ("softness", 0.1.into()), ("n", 3_usize.into())])
        .table("Second")
        .row([("prior", Value::from("a\nb")), ("flag", true.into()), ("log evidence", None::<f64>.into())])
        .note("A remark.")
        .check("gain", 1.5, Relation::Above, 1.0)
        .check("error", f64::NAN, Relation::AtMost, f64::INFINITY)
        .figure("first", figure());
    report
}

#[test]
fn relations_hold_as_written_and_never_for_nan() {
    use Relation::{Above, AtLeast, AtMost, Below, Equals};
    for (relation, less, same, more) in [
        (Below, true, false, false),
        (AtMost, true, true, false),
        (Equals, false, true, false),
        (AtLeast, false, true, true),
        (Above, false, false, true),
    ] {
        assert_eq!(relation.holds(1.0, 2.0), less);
        assert_eq!(relation.holds(2.0, 2.0), same);
        assert_eq!(relation.holds(3.0, 2.0), more);
        assert!(!relation.holds(f64::NAN, 2.0) && !relation.holds(2.0, f64::NAN));
        assert!(!relation.holds(f64::NAN, f64::NAN));
    }
}

#[test]
fn a_claim_holds_when_all_its_checks_do() {
    let mut report = Report::new("claim");
    assert!(report.holds());
    assert!(report.check("a", 1.0, Relation::Below, 2.0).holds());
    assert!(!report.check("b", f64::NAN, Relation::Below, 2.0).holds());
    assert_eq!(report.checks().iter().map(|check| check.holds()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn tables_are_aligned() {
    let mut report = Report::new("claim");
    report
        .row([("model", "mlp".into()), ("loss", 0.123_456.into())])
        .row([("model", "straight line".into()), ("loss", 12_345.678.into()), ("n", 10_usize.into())])
        .row([("model", "hard".into()), ("loss", "hard".into()), ("n", Value::Missing)])
        .row([("model", "tiny".into()), ("loss", (-1.5e-7).into()), ("n", None::<usize>.into())]);
    let expected = "\
claim

  model             loss   n
  -------------  -------  --
  mlp             0.1235   –
  straight line    12346  10
  hard              hard   –
  tiny           -1.5e-7   –

the claim holds";
    assert_eq!(report.to_string(), expected);
}

#[test]
fn checks_are_printed_with_their_verdict() {
    let mut report = Report::new("claim");
    report.check("a", 1.0, Relation::AtMost, 1e9).check("b", 0.500_000_1, Relation::AtMost, 0.5);
    let text = report.to_string();
    assert!(text.contains("ok     a: 1 ≤ 1e9\n"), "{text}");
    // Rounded to four digits the two sides would look equal.
    assert!(text.contains("FAILS  b: 0.5000001 ≤ 0.5\n"), "{text}");
    assert!(text.ends_with("the claim FAILS"), "{text}");
}

#[test]
fn json_is_valid_in_spite_of_infinities_and_nan() {
    let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
    assert_eq!(json["claim"], "Softer is better.");
    assert_eq!(json["holds"], false);
    assert_eq!(json["seed"], 7);
    assert_eq!(json["softbias"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["figures"], serde_json::json!(["first"]));
    assert_eq!(json["notes"][0], "A remark.");
    assert_eq!(
        json["checks"][1],
        serde_json::json!({
            "name": "error", "value": "nan", "relation": "at_most", "threshold": "inf", "holds": false
        })
    );
    assert_eq!(json["rows"][0]["log evidence"], "-inf");
    assert_eq!(json["rows"][0].get("table"), None);
    assert_eq!(json["rows"][1]["n"], 3);
    assert_eq!(json["rows"][2]["table"], "Second");
    assert_eq!(json["rows"][2]["flag"], true);
    assert!(json["rows"][2]["log evidence"].is_null());
}

#[test]
fn csv_unites_columns_and_quotes_cells() {
    let expected = "table,prior,softness,log evidence,n,flag\r\n\
        ,hard,hard,-inf,,\r\n\
        ,\"soft, \"\"really\"\"\",0.1,,3,\r\n\
        Second,\"a\nb\",,,,true\r\n";
    assert_eq!(report().csv(), expected);
}

#[test]
fn rows_are_found_by_column() {
    let report = report();
    let softness: Vec<_> = report.rows().map(|row| row.get("softness")).collect();
    assert_eq!(softness, [Some(&"hard".into()), Some(&Value::Number(0.1)), None]);
}

#[test]
fn saving_twice_writes_the_same_bytes() {
    let (one, two) = (Scratch::new("one"), Scratch::new("two"));
    let first = report().save(&one.0).unwrap();
    let second = report().save(&two.0).unwrap();
    assert_eq!(first.len(), if cfg!(feature = "figures") { 4 } else { 2 });
    for (a, b) in first.iter().zip(&second) {
        assert_eq!(a.file_name(), b.file_name());
        assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "{} differs", a.display());
    }
}

#[test]
fn a_figure_needs_a_name_fit_for_a_file() {
    let dir = Scratch::new("name");
    for name in ["", "../up", "a b", "a/b", ".hidden", "ü"] {
        let error = Report::new("claim").figure(name, figure()).save(&dir.0).unwrap_err();
        assert!(matches!(error, ReportError::FigureName(ref bad) if bad == name), "{name}: {error}");
        assert!(!dir.0.exists(), "nothing is written before the names are known to be good");
    }
}

#[test]
fn errors_of_the_file_system_tell_the_path() {
    let dir = Scratch::new("io");
    std::fs::write(&dir.0, "a file").unwrap();
    let error = Report::new("claim").save(&dir.0).unwrap_err();
    assert!(matches!(error, ReportError::Io { ref path, .. } if *path == dir.0), "{error}");
    std::fs::remove_file(&dir.0).unwrap();
}

#[cfg(not(feature = "figures"))]
#[test]
fn without_figures_the_report_says_so() {
    assert!(report().to_string().contains("lacks the feature `figures`"));
    assert!(report().json().unwrap().contains("lacks the feature `figures`"));
    assert!(matches!(figure().svg(), Err(ReportError::FiguresOff)));
}

#[cfg(feature = "figures")]
mod figures {
    use super::*;

    /// The value of an attribute of an SVG element.
    fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
        element.split_once(&format!(" {name}=\""))?.1.split_once('"').map(|(value, _)| value)
    }

    fn number(element: &str, name: &str) -> f64 {
        attribute(element, name).unwrap().parse().unwrap()
    }

    /// The corners of the frame: the rectangle empty inside.
    fn frame(svg: &str) -> [f64; 4] {
        let rect =
            svg.split('<').find(|e| e.starts_with("rect ") && attribute(e, "fill") == Some("none")).unwrap();
        let [x, y, wide, high] = ["x", "y", "width", "height"].map(|name| number(rect, name));
        [x, y, x + wide, y + high]
    }

    #[test]
    fn an_svg_holds_nothing_but_finite_numbers() {
        let svg = figure().svg().unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert!(!svg.contains("nowhere"), "a line without a place has no label");
    }

    #[test]
    fn nothing_is_drawn_beyond_the_frame() {
        let panel =
            Panel::new("").x_range(-0.5, 0.4).y_range(-1.0, 1.0).legend(softbias::report::Legend::None);
        let (xs, huge) = ([-1.0, -0.2, 0.1, 0.2, 1.0], [1e308, -3.0, 0.5, -1e308, 2.0]);
        let panel = panel.line("a", xs, huge).dashed("b", xs, huge.map(|y| y / 1e307)).points("c", xs, huge);
        let panel = panel.band("d", xs, huge, huge.map(|y| y / 2.0 + 1.0)).vline(3.0, "off").hline(0.5, "on");
        let svg = Figure::new("").panel(panel).svg().unwrap();
        let [left, top, right, bottom] = frame(&svg);
        let inside = |x: f64, y: f64| {
            let slack = 0.011; // coordinates are written to two decimals
            x >= left - slack && x <= right + slack && y >= top - slack && y <= bottom + slack
        };
        let mut seen = 0;
        for element in svg.split('<') {
            if element.starts_with("path ") {
                let numbers: Vec<f64> = attribute(element, "d")
                    .unwrap()
                    .split_whitespace()
                    .filter_map(|n| n.parse().ok())
                    .collect();
                for point in numbers.chunks(2) {
                    assert!(inside(point[0], point[1]), "{point:?} outside {left} {top} {right} {bottom}");
                    seen += 1;
                }
            } else if element.starts_with("circle ") {
                assert!(inside(number(element, "cx"), number(element, "cy")));
                seen += 1;
            }
        }
        assert!(seen > 20, "only {seen} coordinates");
    }

    #[test]
    fn values_without_a_place_interrupt_a_line() {
        let draw = |ys: [f64; 5]| {
            let panel = Panel::new("").log_y().y_range(0.1, 10.0).line("", [0.0, 1.0, 2.0, 3.0, 4.0], ys);
            let svg = Figure::new("").panel(panel).svg().unwrap();
            svg.matches("<path ").count()
        };
        assert_eq!(draw([1.0, 2.0, 3.0, 2.0, 1.0]), 1);
        assert_eq!(draw([1.0, 2.0, f64::NAN, 2.0, 1.0]), 2);
        assert_eq!(draw([1.0, 2.0, -1.0, 2.0, 1.0]), 2);
        assert_eq!(draw([1.0, f64::INFINITY, 1.0, 0.0, 1.0]), 0);
    }

    #[test]
    fn words_stand_among_the_numbers_of_an_axis() {
        let xs = [1e-6, 1e-4, 1e-2, 1.0];
        let panel =
            Panel::new("t").log_x().ticks_x([(1e-6, "hard")]).line("a", xs, xs).twin("b", xs, xs).y2("right");
        let svg = Figure::new("whole").panel(panel).svg().unwrap();
        for words in [">hard<", ">10⁻⁴<", ">right<", ">whole<", ">t<", ">a<", ">b<"] {
            assert!(svg.contains(words), "{words}");
        }
    }

    #[test]
    fn an_axis_of_names_has_no_numbers() {
        let panel =
            Panel::new("t").categories(["one", "two"]).y_range(7.0, 8.0).points("a", [1.0, 2.0], [7.0, 8.0]);
        let svg = Figure::new("whole").panel(panel).svg().unwrap();
        assert!(svg.contains(">one<") && svg.contains(">two<"));
        assert!(!svg.contains(">1.0<") && !svg.contains(">1.5<") && svg.contains(">7.0<"));
    }

    #[test]
    fn layers_of_one_name_share_a_colour() {
        let xs = [0.0, 1.0];
        let panel = || Panel::new("").legend(softbias::report::Legend::None);
        let svg = Figure::new("")
            .panel(panel().line("a", xs, xs).line("b", xs, xs))
            .panel(panel().line("c", xs, xs).line("b", xs, xs).line("d", xs, xs).colour("#123456"))
            .svg()
            .unwrap();
        let colours: Vec<_> = svg
            .split('<')
            .filter(|e| e.starts_with("path "))
            .filter_map(|e| attribute(e, "stroke"))
            .collect();
        assert_eq!(colours, ["#0072b2", "#d55e00", "#0072b2", "#d55e00", "#123456"]);
    }

    #[test]
    fn a_png_is_an_image_of_the_size_asked_for() {
        let png = figure().size(400.0, 300.0).png(2.0).unwrap();
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!((&png[16..20], &png[20..24]), (&800_u32.to_be_bytes()[..], &600_u32.to_be_bytes()[..]));
        assert!(png.len() > 5_000, "{} bytes", png.len());
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        let line = || Panel::new("").line("a", [0.0, 1.0], [0.0, 1.0]);
        let fails =
            |figure: Figure| assert!(matches!(figure.svg(), Err(ReportError::Figure { .. })), "{figure:?}");
        fails(Figure::new("no panel"));
        fails(Figure::new("").panel(Panel::new("").line("a", [0.0, 1.0], [0.0])));
        fails(Figure::new("").panel(line().x_range(1.0, 1.0)));
        fails(Figure::new("").panel(line().y_range(f64::NAN, 1.0)));
        fails(Figure::new("").panel(line().log_x().x_range(0.0, 1.0)));
        fails(Figure::new("").panel(line().colour("blue\"/>")));
        fails(Figure::new("").panel(line()).size(10.0, f64::NAN));
        fails(Figure::new("").panel(line()).size(60.0, 60.0));
        assert!(Figure::new("").panel(line()).png(f64::NAN).is_err());
        assert!(Figure::new("").panel(line()).png(1e9).is_err());
    }

    #[test]
    fn awkward_data_are_drawn_all_the_same() {
        let curves: [&[f64]; 6] = [
            &[],
            &[f64::NAN; 3],
            &[0.0],
            &[5.0; 4],
            &[f64::MAX, f64::MIN],
            &[1e-320, 1e-310, f64::MIN_POSITIVE],
        ];
        for ys in curves {
            let xs: Vec<f64> = (0..ys.len()).map(|i| i as f64).collect();
            for log in [false, true] {
                let panel = Panel::new("").line("a", &xs, ys).points("a", ys, &xs).band("b", &xs, ys, ys);
                let panel = if log { panel.log_x().log_y() } else { panel };
                let svg = Figure::new("").panel(panel).svg().unwrap();
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{ys:?}");
            }
        }
    }
}
