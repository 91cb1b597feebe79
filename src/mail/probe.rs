//! A mail that says of itself that it is a test, and of the installation how it leaves: no social data, no templates.

use std::fmt::Write as _;

use minijinja::HtmlEscape;

use super::Parts;
use super::words::clean;

const INTRO: &str = "Das ist eine Testmail der BAK-Wiedervorlage. Sie enthält keine Sozialdaten und verlangt nichts von Ihnen. \
     Dass Sie sie lesen, heißt: Der Weg vom Programm bis in dieses Postfach ist in Ordnung.";

/// The words of a test: sent at `at`, by an installation of which `facts` say how it sends (what, value).
pub fn test_mail(at: &str, facts: &[(&str, String)], reply_to: Option<&str>) -> Parts {
    let (mut text, mut rows) =
        (format!("BAK-Wiedervorlage · Test · {at}\n\n{INTRO}\n\nSo wurde sie versandt\n"), String::new());
    for (what, value) in facts {
        let value = clean(value);
        // Writing to a text cannot fail.
        let _ = writeln!(text, "* {what}: {value}");
        let _ = writeln!(
            rows,
            "<tr><th scope=\"row\" align=\"left\" valign=\"top\" style=\"padding:4px 12px 4px 0;font-weight:normal;color:#4a5560\">{}</th>\
             <td valign=\"top\" style=\"padding:4px 0\">{}</td></tr>",
            HtmlEscape(what),
            HtmlEscape(&value)
        );
    }
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"de\">\n<head>\n<meta charset=\"utf-8\">\n<title>Test {at}</title>\n</head>\n\
         <body style=\"margin:0;padding:16px 20px;background-color:#ffffff;color:#1b1f24;font-family:'Segoe UI',Arial,sans-serif;\
         font-size:14px;line-height:20px\">\n\
         <h1 style=\"margin:0 0 10px 0;font-size:20px;line-height:26px;color:#1f3a5f\">BAK-Wiedervorlage: Test</h1>\n\
         <p style=\"margin:0 0 10px 0\">{INTRO}</p>\n\
         <h2 style=\"margin:14px 0 4px 0;font-size:16px;line-height:22px;color:#1f3a5f\">So wurde sie versandt</h2>\n\
         <table cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"font-size:14px;line-height:20px;color:#1b1f24\">\n{rows}</table>\n\
         </body>\n</html>\n",
        at = HtmlEscape(at)
    );
    Parts {
        subject: format!("[BAK] Test – {at}"),
        text,
        html,
        reply_to: reply_to.map(str::to_owned),
        ..Parts::default()
    }
}
