//! What notebooks show.

use pyroxene_tensor::html::escape;
use pyroxene_tensor::{DType, Tensor};

#[test]
fn scalars_and_many_axes_are_shown_as_they_print() {
    assert_eq!(Tensor::from(1.5).to_html(), "<div><small>f64 []</small><pre>1.5</pre></div>");
    assert_eq!(Tensor::zeros([2, 0], DType::I64).to_html(), "<div><small>i64 [2, 0]</small></div>");
    let cube = Tensor::arange(0, 8, 1).reshape(&[2, 2, 2]);
    assert_eq!(cube.to_html(), format!("<div><small>i64 [2, 2, 2]</small><pre>{cube}</pre></div>"));
}

#[test]
fn matrices_are_tables() {
    let x = Tensor::from([[1.0, -2.5], [f64::NAN, 1000.0]]);
    assert_eq!(
        x.to_html(),
        "<div><small>f64 [2, 2]</small><table><tr><th></th><th>0</th><th>1</th></tr>\
         <tr><th>0</th><td>1.</td><td>-2.5</td></tr><tr><th>1</th><td>nan</td><td>1000.</td></tr></table></div>"
    );
    let long = Tensor::arange(0, 2000, 1).reshape(&[1000, 2]).to_html();
    assert!(long.contains("<th>2</th><td>4</td><td>5</td></tr><tr><th>&hellip;</th><td>&hellip;</td>"), "{long}");
    assert!(long.ends_with("<tr><th>999</th><td>1998</td><td>1999</td></tr></table></div>"), "{long}");
}

#[test]
fn vectors_have_a_plot() {
    assert_eq!(
        Tensor::from([0, 2, 1]).to_html(),
        "<div><small>i64 [3]</small><svg width=\"240\" height=\"32\" fill=\"none\" stroke=\"currentColor\" \
         stroke-linecap=\"round\"><polyline points=\"0.0,31.0 120.0,1.0 240.0,16.0\"/></svg>\
         <table><tr><th>0</th><th>1</th><th>2</th></tr><tr><td>0</td><td>2</td><td>1</td></tr></table></div>"
    );
    let lines = |x: &[f64]| {
        let html = Tensor::from(x).to_html();
        html.split("points=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_string()).collect::<Vec<_>>()
    };
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    assert_eq!(lines(&[0.0, nan, 1.0, 1.0]), ["0.0,31.0 0.0,31.0", "160.0,1.0 240.0,1.0"]);
    assert_eq!(lines(&[2.0, 2.0, inf]), ["0.0,16.0 120.0,16.0"]);
    assert_eq!(lines(&[-f64::MAX, f64::MAX]), ["0.0,31.0 240.0,1.0"]);
    assert!(lines(&[nan, -inf]).is_empty());
    assert!(lines(&[1.0]).is_empty());
    assert!(!Tensor::from([true, false]).to_html().contains("svg"));
}

#[test]
fn spikes_of_long_vectors_are_drawn() {
    let mut x = vec![0.0; 100_000];
    x[54_321] = 1.0;
    x[77_777] = f64::NAN;
    let html = Tensor::from(x).to_html();
    assert!(html.contains(" 130.4,1.0 "), "{html}");
    assert!(html.len() < 10_000);
    assert_eq!(html.matches("<polyline").count(), 1);
}

#[test]
fn signs_of_html_are_written_out() {
    assert_eq!(escape("<a href='x'>&</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&lt;/a&gt;");
}

#[test]
fn notebooks_are_handed_the_html_between_two_lines() {
    const CHILD: &str = "PYROXENE_TEST_SHOWS";
    let x = Tensor::from([[1, 2]]);
    if std::env::var_os(CHILD).is_some() {
        return x.evcxr_display();
    }
    // Once more as a process, whose standard output can be read.
    let name = "notebooks_are_handed_the_html_between_two_lines";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    let output = again.args(["--exact", name, "--nocapture"]).env(CHILD, "").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let framed = format!("EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT\n", x.to_html());
    assert!(text.contains(&framed), "{text}");
}
