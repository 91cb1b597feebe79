use serde_json::Value;
use wiedervorlage::store::OutboxState;

use super::house::{House, morning_of};
use super::queue;

async fn house() -> House {
    let house = House::new().await;
    house.mornings(&["2025-11-24"]).await;
    house
}

fn rows(house: &House, words: &[&str]) -> Vec<Value> {
    let said = house.asked(&[&["outbox", "list", "--format", "jsonl"], words].concat()).said();
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn state(house: &House, id: i64) -> OutboxState {
    house.db.outbox_get(id).await.unwrap().unwrap().entry.state
}

#[tokio::test]
async fn the_list_has_the_keys_that_scripts_rely_on() {
    let house = house().await;
    let rows = rows(&house, &[]);
    let kinds: Vec<_> = rows.iter().map(|r| r["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"tagesuebersicht") && kinds.contains(&"mitteilung"), "{kinds:?}");
    let first = rows.iter().find(|r| r["kind"] == "tagesuebersicht").unwrap();
    let mut keys: Vec<_> = first.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["attempts", "date", "error", "id", "kind", "message_id", "sent_at", "state", "to"]);
    assert_eq!(first["to"], "nord@jobcenter.example");
    assert_eq!((&first["date"], &first["state"]), (&"2025-11-24".into(), &"queued".into()));
    assert_eq!((&first["attempts"], &first["sent_at"], &first["error"]), (&0.into(), &Value::Null, &Value::Null));
    assert!(first["message_id"].as_str().unwrap().starts_with('<'));
}

#[tokio::test]
async fn a_state_narrows_the_list_and_a_wrong_one_is_refused_with_the_right_ones() {
    let house = house().await;
    assert!(house.db.outbox_cancel(1).await.unwrap());
    let cancelled = rows(&house, &["--state", "cancelled"]);
    assert_eq!(cancelled.iter().map(|r| r["id"].as_i64().unwrap()).collect::<Vec<_>>(), [1]);
    assert!(rows(&house, &["--state", "failed"]).is_empty());
    let answer = house.asked(&["outbox", "list", "--state", "weg"]);
    assert_eq!(answer.code(), 2);
    assert!(answer.err().contains("queued, sending, sent, failed, superseded, cancelled"), "{}", answer.err());
}

#[tokio::test]
async fn a_table_says_it_for_people() {
    let house = house().await;
    let said = house.asked(&["outbox", "list"]).said();
    assert!(said.contains("Tagesübersicht") && said.contains("wartet auf den"), "{said}");
    assert!(said.trim_end().ends_with(" Mails"), "{said}");
    assert_eq!(House::empty().await.asked(&["outbox", "list"]).said(), "0 Mails\n");
}

#[tokio::test]
async fn one_mail_is_shown_with_its_text() {
    let house = house().await;
    let id = rows(&house, &[]).iter().find(|r| r["kind"] == "tagesuebersicht").unwrap()["id"].to_string();
    let said = house.asked(&["outbox", "show", &id]).said();
    assert!(said.contains("Betreff      [BAK] Tagesübersicht Mo., 24.11.2025"), "{said}");
    assert!(said.contains("An           nord@jobcenter.example"), "{said}");
    assert!(said.contains("Stand        wartet auf den Versand (queued), 0 Versuche"), "{said}");
    assert!(said.contains("0000017"), "the text is there\n{said}");
    house.sql("delete from outbox_text; update outbox set state = 'sent'").await;
    let said = house.asked(&["outbox", "show", &id]).said();
    assert!(said.contains("(Der Text ist nach Ablauf der Aufbewahrungszeit gelöscht.)"), "{said}");
}

#[tokio::test]
async fn a_failed_mail_is_queued_again_and_a_waiting_one_called_back() {
    let house = house().await;
    let now = morning_of("2025-11-24");
    let claimed = queue::claim(&house.db, now, morning_of("2025-11-25"), "token").await.unwrap();
    assert!(queue::note(&house.db, claimed.id, "token", now, queue::failed("Postfach unbekannt")).await);
    let id = claimed.id.to_string();
    let said = house.asked(&["outbox", "show", &id]).said();
    assert!(said.contains("nicht zustellbar (failed), 1 Versuch\n"), "{said}");
    assert!(said.contains("Fehler       Postfach unbekannt"), "{said}");
    assert_eq!(house.asked(&["outbox", "retry", &id]).said(), format!("Mail {id} steht wieder zum Versand an.\n"));
    assert_eq!(state(&house, claimed.id).await, OutboxState::Queued);
    assert!(house.asked(&["outbox", "cancel", &id]).said().contains("ist zurückgezogen"));
    assert_eq!(state(&house, claimed.id).await, OutboxState::Cancelled);
    assert!(house.asked(&["outbox", "retry", &id]).said().contains("steht wieder"));
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let house = house().await;
    for (sql, verb, words) in [
        (
            "update outbox set state = 'sent' where id = 1",
            "retry",
            "ist schon versandt und geht nicht noch einmal hinaus",
        ),
        ("select 1", "cancel", "ist schon versandt und lässt sich nicht zurückziehen"),
        ("update outbox set state = 'sending' where id = 1", "retry", "wird gerade versandt"),
        ("select 1", "cancel", "wird gerade versandt"),
        ("update outbox set state = 'superseded' where id = 1", "retry", "ist durch eine neuere ersetzt"),
        ("select 1", "cancel", "ist durch eine neuere ersetzt"),
        ("update outbox set state = 'cancelled' where id = 1", "cancel", "ist schon zurückgezogen"),
        ("delete from outbox_text where outbox_id = 1", "retry", "Ihr Text ist nach Ablauf der Aufbewahrungszeit"),
    ] {
        house.sql(sql).await;
        let answer = house.asked(&["outbox", verb, "1"]);
        assert_eq!((answer.code(), answer.out()), (1, String::new()), "{verb}");
        assert!(answer.err().contains(words), "{}", answer.err());
    }
}

#[tokio::test]
async fn an_unknown_number_is_no_mail() {
    let house = House::new().await;
    for verb in ["show", "retry", "cancel"] {
        let answer = house.asked(&["outbox", verb, "99"]);
        assert_eq!(answer.code(), 2);
        assert!(answer.err().contains("Eine Mail mit der Nummer 99 gibt es nicht"), "{}", answer.err());
    }
}
