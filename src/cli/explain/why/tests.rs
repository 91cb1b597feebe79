//! One sentence per way of being silent.

use super::*;
use crate::config::rulebook::default_rules;
use crate::domain::facts::{Art, Case, EndeGrund};
use crate::domain::obligation::Column;

fn day(iso: &str) -> NaiveDate {
    iso.parse().unwrap()
}

fn rule(id: &str) -> Rule {
    default_rules().unwrap().into_iter().find(|r| &*r.id == id).unwrap()
}

/// A case in main care since 2 November 2026.
fn running() -> CaseFile {
    let case = Case {
        fallnr: "0000017".into(),
        bezeichnung: String::new(),
        bak: Some("must".into()),
        ifk: None,
        team: "T0".into(),
        region: String::new(),
        kennung: None,
        kennung_seit: None,
        uebergabe_am: None,
        hauptbetreuer_seit: Some(day("2026-11-02")),
        ende_am: None,
        ende_grund: None,
        rueckgabegespraech_am: None,
        fazit_am: None,
    };
    CaseFile { case, activities: Vec::new(), subsidies: Vec::new(), rests: Vec::new(), appointments: Vec::new() }
}

fn with(change: impl FnOnce(&mut CaseFile)) -> CaseFile {
    let mut file = running();
    change(&mut file);
    file
}

fn says(rule_id: &str, file: &CaseFile, why: &Silence) -> String {
    silence(&rule(rule_id), file, day("2026-11-23"), why)
}

#[test]
fn every_silence_has_a_sentence_of_its_own() {
    let day_one = Some(day("2026-11-20"));
    for (rule, why, sentence) in [
        ("fazit", Silence::Off, "Für dieses Team abgeschaltet (enabled = false in der Regeldatei)."),
        (
            "fazit",
            Silence::NoEvidence,
            "Kein Nachweis: In den Daten des Teams kam fazit_am noch nie vor. Die Regel schweigt, bis das einmal \
             eingespielt oder eingetragen ist.",
        ),
        (
            "ag-kontakt",
            Silence::Resting(Some(day("2026-12-04"))),
            "Der Fall ruht bis Fr., 04.12.2026; so lange wird hierzu nichts fällig.",
        ),
        ("ag-kontakt", Silence::Resting(None), "Die Frist fiele in eine Ruhezeit ohne bekanntes Ende."),
        ("fazit", Silence::Done(Evidence::Column(Column::FazitAm), day_one), "Erledigt: Fazit, Fr., 20.11.2026."),
        (
            "lebenslauf-anfordern",
            Silence::Done(Evidence::Activity(Art::LebenslaufEingegangen), day_one),
            "Erledigt: Eingang des Lebenslaufs am Fr., 20.11.2026.",
        ),
        (
            "stellensuchlauf",
            Silence::Done(Evidence::Activity(Art::Stellensuchlauf), day_one),
            "Für diese Woche vollständig, zuletzt am Fr., 20.11.2026.",
        ),
        ("besuch-16", Silence::Over(day("2026-10-31")), "Der Zeitraum dafür ist am Sa., 31.10.2026 abgelaufen."),
        ("ende-info", Silence::Over(day("2026-10-30")), "War zur Kenntnis und wurde bis Fr., 30.10.2026 gezeigt."),
        ("veranstaltung", Silence::Planned(day("2026-12-01")), "Für Di., 01.12.2026 ist eine Veranstaltung geplant."),
    ] {
        assert_eq!(says(rule, &running(), &why), sentence, "{rule} {why:?}");
    }
}

#[test]
fn a_rest_says_whether_it_holds_now_or_swallows_the_date() {
    let endless = |von: &str| with(|f| f.rests.push(Rest { von: day(von), bis: None }));
    for (von, sentence) in [
        ("2026-11-01", "Der Fall ruht ohne bekanntes Ende; so lange wird hierzu nichts fällig."),
        ("2026-12-01", "Die Frist fiele in eine Ruhezeit ohne bekanntes Ende ab Di., 01.12.2026."),
    ] {
        assert_eq!(says("kundenkontakt", &endless(von), &Silence::Resting(None)), sentence);
    }
}

#[test]
fn a_rule_of_main_care_says_why_there_is_none() {
    let no = Silence::NotApplicable(NotApplicable::NoMainCare);
    for (file, sentence) in [
        (
            with(|f| f.case.hauptbetreuer_seit = None),
            "Keine Hauptbetreuung: Weder Übergabe noch „Hauptbetreuer seit“ ist eingetragen.",
        ),
        (
            with(|f| f.case.hauptbetreuer_seit = Some(day("2026-12-01"))),
            "Noch keine Hauptbetreuung: Sie beginnt am Di., 01.12.2026.",
        ),
        (
            with(|f| {
                f.case.ende_am = Some(day("2026-11-20"));
                f.case.ende_grund = Some(EndeGrund::Integration);
            }),
            "Die Hauptbetreuung ist seit Fr., 20.11.2026 beendet (Vermittlung in Arbeit).",
        ),
        (
            with(|f| f.case.kennung = Some(Kennung::Bak16e)),
            "Keine Hauptbetreuung: Der Fall steht mit der Kennung BAK16e auf der Beobachtungsliste (§\u{a0}8).",
        ),
    ] {
        assert_eq!(says("ag-kontakt", &file, &no), sentence);
    }
}

#[test]
fn a_rule_about_an_end_says_which_end_it_means() {
    let no = Silence::NotApplicable(NotApplicable::NotEnded);
    let placed = with(|f| {
        f.case.ende_am = Some(day("2026-11-20"));
        f.case.ende_grund = Some(EndeGrund::Integration);
    });
    for (rule, file, sentence) in [
        ("fazit", running(), "Die Hauptbetreuung ist nicht beendet."),
        (
            "fazit",
            with(|f| f.case.ende_am = Some(day("2026-11-27"))),
            "Die Hauptbetreuung läuft noch; sie endet am Fr., 27.11.2026.",
        ),
        ("fazit", with(|f| f.case.hauptbetreuer_seit = None), "Es gab keine Hauptbetreuung, die beendet wäre."),
        (
            "rueckgabe-gespraech",
            placed,
            "Die Hauptbetreuung endete am Fr., 20.11.2026, „Vermittlung in Arbeit“; die Regel gilt nur bei „Rückgabe \
             (Frist)“, „Rückgabe (Mitwirkung)“ und „Rückgabe (sonstiger Grund)“.",
        ),
    ] {
        assert_eq!(says(rule, &file, &no), sentence);
    }
}

#[test]
fn a_proposal_that_is_none_says_what_answered_it() {
    let no = Silence::NotApplicable(NotApplicable::NoProposal);
    let proposed = |change: fn(&mut Case)| {
        with(|f| {
            f.case.hauptbetreuer_seit = None;
            f.case.kennung = Some(Kennung::Bak);
            change(&mut f.case);
        })
    };
    for (file, sentence) in [
        (running(), "Kein Vorschlag: Der Fall hat keine Kennung, nicht BAK, 16e oder 16i."),
        (
            proposed(|c| c.kennung = Some(Kennung::Ende16)),
            "Kein Vorschlag: Der Fall hat die Kennung Ende16, nicht BAK, 16e oder 16i.",
        ),
        (
            proposed(|c| c.uebergabe_am = Some(day("2026-11-16"))),
            "Der Vorschlag ist beantwortet: die Übergabe ist mit Mo., 16.11.2026 eingetragen.",
        ),
        (
            proposed(|c| c.ende_am = Some(day("2026-11-16"))),
            "Der Vorschlag ist beantwortet: das Ende ist mit Mo., 16.11.2026 eingetragen.",
        ),
        (proposed(|_| ()), "Zur Kennung BAK fehlt das Datum (kennung_seit), ab dem gerechnet wird."),
        (proposed(|c| c.kennung_seit = Some(day("2026-11-30"))), "Die Kennung BAK gilt erst ab Mo., 30.11.2026."),
    ] {
        assert_eq!(says("vorschlag-beantworten", &file, &no), sentence);
    }
}

#[test]
fn the_watch_list_says_why_the_case_is_not_on_it() {
    let no = Silence::NotApplicable(NotApplicable::NotWatched);
    let marked = |change: fn(&mut Case)| {
        with(|f| {
            f.case.kennung = Some(Kennung::Bak16i);
            change(&mut f.case);
        })
    };
    for (file, sentence) in [
        (running(), "Nicht auf der Beobachtungsliste: Der Fall hat keine Kennung, nicht BAK16e, BAK16i oder Ende16."),
        (marked(|c| c.kennung_seit = Some(day("2026-12-01"))), "Die Kennung BAK16i gilt erst ab Di., 01.12.2026."),
        (marked(|c| c.ende_am = Some(day("2026-11-20"))), "Die Beobachtung ist seit Fr., 20.11.2026 beendet."),
    ] {
        assert_eq!(says("stellensuchlauf-16", &file, &no), sentence);
    }
}

#[test]
fn what_is_missing_is_named_for_each_kind_of_rule() {
    use NotApplicable::{NoPotential, NoSubsidy, NotNeeded, NothingRecorded, OtherStep};
    for (rule, why, sentence) in [
        ("egz-intervention", NothingRecorded, "Kein Anlass: Eingetragen ist dazu nichts (EGZ-Risiko)."),
        ("hauptbetreuer-eintragen", NothingRecorded, "Kein Anlass: Ein Datum dazu ist nicht eingetragen (Übergabe)."),
        ("kundenkontakt", NothingRecorded, "Ein Beginn, ab dem gerechnet wird, ist nicht eingetragen."),
        (
            "kennung-16",
            NothingRecorded,
            "Im Zeitraum vor dem Ende der Förderung ist noch kein Besuch am Arbeitsplatz eingetragen.",
        ),
        ("besuch-16", NoSubsidy, "Die Förderung hat noch nicht begonnen, oder Beginn und Ende stehen nicht fest."),
        (
            "beobachtung-beenden",
            NoSubsidy,
            "Zu diesem Fall ist keine Förderung nach §\u{a0}16e oder §\u{a0}16i mit Beginn und Ende bekannt.",
        ),
        (
            "besuch-16",
            NoPotential,
            "Zur Förderung ist eingetragen, dass der allgemeine Arbeitsmarkt nicht erreichbar ist (potenzial: nein); \
             der Besuch entfällt.",
        ),
        (
            "lebenslauf-anfordern",
            OtherStep,
            "Der Lebenslauf ist schon angefordert; die folgenden Regeln der Kette führen weiter.",
        ),
        (
            "lebenslauf-erinnern",
            OtherStep,
            "Der Lebenslauf ist noch nicht angefordert, oder es ist nach der letzten Anforderung schon erinnert.",
        ),
        ("lebenslauf-rueckgabe", OtherStep, "Nach der letzten Anforderung des Lebenslaufs ist noch nicht erinnert."),
        (
            "stellensuchlauf",
            NotNeeded,
            "In dieser Woche hat der Fall keinen Arbeitstag, an dem er läuft und nicht ruht.",
        ),
        ("beobachtung-beenden", NotNeeded, "Die Förderung läuft noch."),
    ] {
        assert_eq!(says(rule, &running(), &Silence::NotApplicable(why)), sentence, "{rule}");
    }
}

#[test]
fn rules_about_subsidies_say_when_there_is_none() {
    assert!(nothing_to_look_at(&rule("besuch-16")).contains("16e"));
    assert!(nothing_to_look_at(&rule("kennung-16")).contains("16i"));
    assert!(nothing_to_look_at(&rule("mag-nachhaltung-ag")).contains("MAG"));
}

#[test]
fn a_set_marker_is_named() {
    let marked = with(|f| f.case.kennung = Some(Kennung::Bak16e));
    let done = Silence::Done(Evidence::Kennung, Some(day("2026-11-16")));
    assert_eq!(says("kennung-16", &marked, &done), "Erledigt: Kennung BAK16e, Mo., 16.11.2026.");
    assert_eq!(says("kennung-16", &marked, &Silence::Done(Evidence::Kennung, None)), "Erledigt: Kennung BAK16e.");
}

#[test]
fn every_end_has_a_sentence_of_its_own() {
    let day_one = day("2026-11-20");
    for (id, how, sentence) in [
        (
            "ag-kontakt",
            Ended::Fulfilled(Evidence::Activity(Art::AgKontakt), Some(day_one)),
            "erledigt: AG-Kontakt am Fr., 20.11.2026",
        ),
        ("kennung-16", Ended::Fulfilled(Evidence::Kennung, None), "erledigt: Kennung"),
        ("besuch-16", Ended::Lapsed(day_one), "abgelaufen, nicht erledigt; der Zeitraum endete am Fr., 20.11.2026"),
        ("ag-kontakt", Ended::Resting, "angehalten, weil der Fall ruht"),
        ("ag-kontakt", Ended::Moot, "entfallen, weil Fall, Kennung oder Regel nicht mehr zutreffen"),
        ("ende-info", Ended::Moot, "von selbst beendet; es war nichts zu tun"),
        ("ag-kontakt", Ended::Withdrawn, "zurückgenommen, weil der Eintrag, auf dem es beruhte, berichtigt wurde"),
    ] {
        assert_eq!(ended(Some(&rule(id)), how), sentence);
    }
    assert_eq!(ended(None, Ended::Moot), "entfallen, weil Fall, Kennung oder Regel nicht mehr zutreffen");
}
