use std::collections::HashMap;

use super::*;
use crate::mail::{Letterhead, Renderer, sample};

/// The set with these files in place of the built-in ones.
fn with(files: &[(&str, &str)]) -> Examined {
    let own = files.iter().map(|(name, text)| (known(name), Arc::from(*text))).collect();
    Templates { own }.tried(&mut Vec::new())
}

fn known(name: &str) -> &'static str {
    BUILT_IN.iter().find(|(known, _)| *known == name).unwrap().0
}

fn usual(name: &str) -> &'static str {
    BUILT_IN.iter().find(|(known, _)| *known == name).unwrap().1
}

/// What is refused, or warned of, of one file.
fn said(name: &str, text: &str) -> Vec<String> {
    with(&[(name, text)]).findings.iter().map(ToString::to_string).collect()
}

#[test]
fn the_built_in_templates_put_in_their_own_place_are_taken_without_a_word() {
    let examined = with(&BUILT_IN);
    assert_eq!(examined.findings, []);
    assert_eq!(examined.trials, sample::every_kind().len());
    let own = examined.templates.unwrap();
    let own = Renderer::with(&own, &sample::wordings(), sample::letterhead()).unwrap();
    let usual = Renderer::new(&sample::wordings(), sample::letterhead()).unwrap();
    for digest in sample::every_kind() {
        assert_eq!(own.render(&digest).unwrap(), usual.render(&digest).unwrap());
    }
    assert!(Renderer::new(&HashMap::new(), Letterhead::default()).is_ok());
}

/// Behind every tag, so that it stands in every branch.
#[test]
fn the_samples_take_every_branch_of_every_template() {
    for (name, text) in BUILT_IN {
        let tags: Vec<_> = text.match_indices("%}").map(|(at, _)| at + 2).collect();
        for at in tags {
            let tag = &text[text[..at].rfind("{%").unwrap()..at];
            if ["extends", "block", "endblock", "include"].iter().any(|w| tag.contains(w)) {
                continue;
            }
            // Known to the parser and never there: only whoever fills the template meets it.
            let spoilt = format!("{}{{{{ [][0] }}}}{}", &text[..at], &text[at..]);
            let said = said(name, &spoilt);
            assert!(said.iter().any(|s| s.starts_with(name)), "{name}: no sample comes by {tag} at {at}: {said:?}");
        }
    }
}

#[test]
fn an_unknown_name_is_found_in_every_branch_with_its_line_and_what_there_is() {
    let cases = [
        (
            "tag.txt",
            "{{ body.top }}\n{% endif %}",
            "{{ body.topp }}\n{% endif %}",
            "tag.txt, Zeile 4: unbekannte Variable „body.topp“; hier gibt es: ends, quiet, teams, top",
        ),
        (
            "rows.html",
            "{{ row.also }}",
            "{{ row.aslo }}",
            "rows.html, Zeile 18: unbekannte Variable „row.aslo“; hier gibt es: also, fall, lines",
        ),
        (
            "tag.html",
            "{{ team.vanished }}",
            "{% if team.name == \"nie\" %}{{ temas }}{% endif %}",
            "unbekannte Variable „temas“; hier gibt es: because, body, contact, data, date, loop, office, team, title, warning",
        ),
        (
            "regel/besuch-16.txt",
            "{{ line.by }}",
            "{{ line.bis }}",
            "regel/besuch-16.txt, Zeile 2: unbekannte Variable „line.bis“; hier gibt es: by, checks, color, ends, facts, fall",
        ),
        (
            "page.txt",
            "{{ because }}",
            "{{ body.top }}",
            "page.txt, Zeile 17: unbekannte Variable „body.top“; hier gibt es: parts (in Mails nach mitteilung.txt)",
        ),
        (
            "wochenbericht.txt",
            "{{ row.who }}",
            "{{ row.who.name }}",
            "Zeile 15: unbekannte Variable „row.who.name“: davor steht etwas ohne Felder",
        ),
        ("tag.txt", "{% set section = team.own %}", "", "rows.txt, Zeile 1: unbekannte Variable „section“"),
        ("tag.txt", "{{ body.top }}", "{{ body.top|gross }}", "Den Filter „gross“ gibt es nicht"),
        ("tag.txt", "{{ body.top }}", "{{ body.top is leer }}", "Die Prüfung „is leer“ gibt es nicht"),
        ("tag.txt", "{{ body.top }}", "{{ body.top.upper() }}", "„body.top.upper“ lässt sich nicht aufrufen"),
        (
            "tag.txt",
            "{{ body.top }}",
            "{% include \"zeilen.txt\" %}",
            "Die Vorlage „zeilen.txt“ gibt es nicht; möglich sind: admin.html, ",
        ),
        ("tag.txt", "{{ body.top }}", "{% if body.top %}", "Das ist keine gültige Vorlage ("),
        ("tag.txt", "{{ body.top }}", "{{ body.top / 2 }}", "tag.txt, Zeile 4: lässt sich nicht füllen ("),
        (
            "rows.txt",
            "{{ section.title }}",
            "{% include \"rows.txt\" %}",
            "rows.txt, Zeile 1: Die Vorlage „rows.txt“ bindet sich selbst ein",
        ),
        ("page.txt", "{{ because }}", "{% include \"tag.txt\" %}", "bindet sich selbst ein"),
        (
            "tag.html",
            "{% include \"rows.html\" %}",
            "{% include [\"rows.txt\", \"rows.html\"] ignore missing %}",
            "„rows.txt“ gehört nicht in „tag.html“",
        ),
        (
            "tag.html",
            "{% include \"rows.html\" %}",
            "{% include \"rows.txt\" %}",
            "„rows.txt“ gehört nicht in „tag.html“",
        ),
        (
            "tag.html",
            "{% include \"rows.html\" %}",
            "{% include body.top %}",
            "Der Name der Vorlage lässt ihre Endung offen",
        ),
        ("tag.html", "{{ body.top }}", "{{ body.top|safe }}", "Der Schutz der Werte lässt sich nicht abschalten"),
        (
            "tag.html",
            "{{ body.top }}",
            "{% filter safe %}{{ body.top }}{% endfilter %}",
            "Der Schutz der Werte lässt sich nicht abschalten",
        ),
        (
            "tag.html",
            "{{ body.top }}",
            "{{ [body.top]|map(\"safe\")|join }}",
            "tag.html, Zeile 4: lässt sich nicht füllen",
        ),
        (
            "tag.html",
            "{{ body.top }}",
            "{% autoescape false %}{{ body.top }}{% endautoescape %}",
            "Der Schutz der Werte lässt sich nicht abschalten",
        ),
        ("tag.html", "{{ body.top }}", "<p class={{ body.top }}>", "„body.top“ steht ohne Anführungszeichen"),
        (
            "tag.txt",
            "{{ body.top }}",
            "{% for a in range(9999) %}{% for b in range(9999) %}{% set c = b %}{% endfor %}{% endfor %}",
            "kommt nicht zum Ende",
        ),
        ("tag.txt", "{{ body.top }}", "{% for a in range(99999) %}{{ body.teams }}{% endfor %}", "schreibt zu viel"),
        (
            "tag.txt",
            "{{ body.top }}",
            "{{ body.teams[0].own.title }}",
            "benutzt einen Wert, den es an dieser Stelle nicht immer gibt",
        ),
    ];
    let mut missed = Vec::new();
    for (name, there, instead, expected) in cases {
        assert!(usual(name).contains(there), "{name}: {there}");
        let examined = with(&[(name, &usual(name).replacen(there, instead, 1))]);
        let said: Vec<_> = examined.findings.iter().map(ToString::to_string).collect();
        if !said.iter().any(|s| s.contains(expected)) || examined.templates.is_some() {
            missed.push((name, instead, expected, said));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// What the language offers and does no harm is not refused.
#[test]
fn an_office_may_say_it_in_its_own_way() {
    for said in [
        "{{ body.teams|map(attribute=\"name\")|join(\", \") }}",
        "{% for team in body.teams if team.baks %}{{ loop.index }}/{{ loop.length }}: {{ team.baks|length }}{% else %}-{% endfor %}",
        "{% for team in body.teams|sort(attribute=\"name\")|reverse %}{{ team.name[:3]|upper }}{% endfor %}",
        "{% set n = namespace(x=0) %}{% for team in body.teams %}{% set n.x = n.x + 1 %}{% endfor %}{{ n.x }}",
        "{% with (a, b) = (1, 2), first = body.teams|first %}{{ a ~ b }}{{ first.name }}{{ first[\"vanished\"] }}{% endwith %}",
        "{% set kopf %}{{ body.top }}{% endset %}{{ kopf|replace(\"Heute\", \"Jetzt\")|trim }}",
        "{% filter upper %}{{ office or \"Jobcenter\" }}{% endfilter %}",
        "{{ warning.since if warning else \"\" }}{{ data[0] if data else \"-\" }}{{ (data + [\"x\"])|last }}",
        "{% for title, ends in body.ends %}{{ title }}{{ {\"a\": ends}.a }}{% endfor %}",
        "{% if warning is none and body.quiet == true %}{{ range(3)|list }}{{ 1 / 2 }}{% endif %}",
        "{% raw %}{{ nichts }}{% endraw %}{# {{ nichts }} #}{% include [\"gibt-es-nicht.txt\", \"regel/ende-info.txt\"] ignore missing %}",
    ] {
        let text = usual("tag.txt").replacen("{% block body %}", &format!("{{% block body %}}{said}"), 1);
        let examined = with(&[("tag.txt", &text)]);
        assert_eq!(examined.findings, [], "{said}");
    }
}

#[test]
fn what_every_mail_must_say_is_missed_when_it_is_gone() {
    for (name, there, expected) in [
        (
            "page.txt",
            "Enthält Sozialdaten (§\u{a0}35 SGB\u{a0}I)",
            "page.txt: Der Hinweis „Enthält Sozialdaten (§ 35 SGB I)“ fehlt (Text)",
        ),
        (
            "page.html",
            "Enthält Sozialdaten (§&nbsp;35 SGB&nbsp;I)",
            "page.html: Der Hinweis „Enthält Sozialdaten (§ 35 SGB I)“ fehlt (HTML)",
        ),
        ("page.txt", "{{ line }}", "page.txt: Der Datenstand fehlt (Text)"),
        ("page.html", "{{ warning.means }}", "page.html: Der Hinweis auf veraltete Daten fehlt (HTML)"),
        ("page.html", "{{ because }}", "page.html: Die Fußzeile fehlt oder ist nicht vollständig (HTML)"),
        ("page.txt", "{{ contact }}", "page.txt: Die Fußzeile fehlt oder ist nicht vollständig (Text)"),
        (
            "rows.txt",
            "{% if row.fall %}{{ row.fall }} – {% endif %}",
            "rows.txt: Fälle fehlen, die die eingebaute Vorlage nennt (Text)",
        ),
        ("tag.txt", "* {{ title }}: {{ numbers }}", "tag.txt: Fälle fehlen, die die eingebaute Vorlage nennt (Text)"),
    ] {
        let there = if usual(name).contains(there) { there.to_owned() } else { there.replace('\u{a0}', " ") };
        assert!(usual(name).contains(&there), "{name}: {there}");
        let examined = with(&[(name, &usual(name).replacen(&there, "", 1))]);
        let said: Vec<_> = examined.findings.iter().map(ToString::to_string).collect();
        assert_eq!(said, [expected]);
        assert!(examined.findings.iter().all(|f| f.weight == Weight::Warning));
        assert!(examined.templates.is_some(), "{name}: refused");
    }
    let spied = usual("page.html").replace("</body>", "<img src=\"https://x.example/?u\"></body>");
    assert_eq!(said("page.html", &spied), ["page.html: Die Seite enthält „src=“ (HTML)"]);
}

/// The trial cannot know all data there will ever be.
#[test]
fn a_template_that_fails_on_a_real_mail_gives_way_to_the_built_in_one() {
    let text = usual("admin.txt")
        .replace("{{ sentence }}", "{{ sentence }}{{ {\"a\": 1}[sentence[3:9]] if sentence|length < 9 }}");
    let own = with(&[("admin.txt", &text)]);
    assert_eq!(own.findings, []);
    let own = Renderer::with(&own.templates.unwrap(), &sample::wordings(), sample::letterhead()).unwrap();
    let usual = Renderer::new(&sample::wordings(), sample::letterhead()).unwrap();
    let mut digest = sample::admin();
    digest.content = crate::domain::digest::Content::Admin(vec!["kurz".to_owned()]);
    assert_eq!(own.render(&digest).unwrap(), usual.render(&digest).unwrap());
}
