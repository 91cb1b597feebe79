//! What went wrong with a mail server, in German. Of what the server said, only its codes are shown: servers like to
//! repeat the recipient.

use super::answer::Answer;
use super::wire::Broken;
use crate::mail::transport::SendError;

/// Where in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Content,
    Dot,
}

impl Stage {
    const fn words(self) -> &'static str {
        match self {
            Self::Greeting => "bei der Begrüßung",
            Self::Ehlo => "auf EHLO",
            Self::StartTls => "auf STARTTLS",
            Self::Auth => "bei der Anmeldung",
            Self::Mail => "beim Absender",
            Self::Rcpt => "beim Empfänger",
            Self::Data => "vor der Übergabe der Mail",
            Self::Content => "während der Übergabe der Mail",
            Self::Dot => "nach der Übergabe der Mail",
        }
    }

    /// Everything before the first word about a mail is about the server.
    const fn is_of_the_server(self) -> bool {
        matches!(self, Self::Greeting | Self::Ehlo | Self::StartTls | Self::Auth)
    }
}

/// The conversation broke.
pub(super) fn broke(stage: Stage, broken: Broken) -> SendError {
    let at = stage.words();
    let why = match broken {
        Broken::Closed => format!("Der Mailserver hat {at} die Verbindung getrennt."),
        Broken::Timeout => format!("Der Mailserver hat {at} zu lange nicht geantwortet."),
        Broken::Malformed => format!("Der Mailserver hat {at} etwas geantwortet, das kein SMTP ist."),
        Broken::Unasked => format!("Der Mailserver hat {at} ungefragt gesprochen; die Verbindung wurde verworfen."),
    };
    match stage {
        Stage::Dot => SendError::Unknown(format!("{why} Ob die Mail angenommen ist, ist nicht bekannt.")),
        _ if stage.is_of_the_server() => SendError::Server(why),
        _ => SendError::Transient(why),
    }
}

/// The server said no, or something that is neither yes nor no.
pub(super) fn refused(stage: Stage, answer: &Answer) -> SendError {
    if stage.is_of_the_server() {
        return SendError::Server(of_the_server(stage, answer));
    }
    // Wanting TLS or a password is about how we came, not about this mail (RFC 3207 §4, RFC 4954 §6).
    if matches!(answer.code, 530 | 534 | 535 | 538) {
        let why = "Der Mailserver verlangt Verschlüsselung oder Anmeldung (mail.smtp.tls, mail.smtp.username)";
        return SendError::Server(format!("{why} ({answer})."));
    }
    // All mails have the one sender: whoever does not want it would not take the next mail either. What is too large
    // (552) or asks for what the server does not know (501, 504, 555) is about this mail.
    if stage == Stage::Mail && answer.is_permanent() && !matches!(answer.code, 501 | 504 | 552 | 555) {
        return SendError::Server(format!("Der Mailserver lehnt den Absender (mail.from) ab ({answer})."));
    }
    let what = match stage {
        Stage::Mail => "den Absender (mail.from)",
        Stage::Rcpt => "den Empfänger",
        _ => "die Mail",
    };
    if answer.is_permanent() {
        SendError::Permanent(format!("Der Mailserver lehnt {what} ab ({answer})."))
    } else if answer.is_transient() {
        SendError::Transient(format!("Der Mailserver nimmt {what} zurzeit nicht an ({answer})."))
    } else {
        broke(stage, Broken::Malformed)
    }
}

fn of_the_server(stage: Stage, answer: &Answer) -> String {
    match stage {
        Stage::Auth if answer.is_permanent() => format!(
            "Der Mailserver nimmt die Anmeldung nicht an ({answer}); bitte mail.smtp.username und das Kennwort in \
             mail.smtp.password_file prüfen."
        ),
        Stage::Auth => format!("Der Mailserver nimmt zurzeit keine Anmeldung an ({answer})."),
        Stage::StartTls => format!("Der Mailserver lässt STARTTLS nicht zu ({answer})."),
        _ if answer.is_permanent() => format!("Der Mailserver lehnt diesen Rechner ab ({answer})."),
        _ => format!("Der Mailserver nimmt zurzeit nichts an ({answer})."),
    }
}
