//! A plain reader of HTML: strict about nesting, so that what it accepts no mail client has to guess at.

/// Why the tags of a page do not nest, or `Ok`.
pub(crate) fn check(page: &str) -> Result<(), String> {
    const VOID: [&str; 3] = ["br", "img", "meta"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find(['<', '>']) {
        if rest[start..].starts_with('>') {
            return Err(format!("a bare > at {:.40}", &rest[start..]));
        }
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").ok_or("an open comment")?.1;
            continue;
        }
        let (tag, after) = rest.split_once('>').ok_or("an open tag")?;
        rest = after;
        if tag.contains('<') || tag.matches('"').count() % 2 != 0 {
            return Err(format!("a broken tag: {tag}"));
        }
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        if let Some(closed) = tag.strip_prefix('/') {
            if open.pop() != Some(closed) {
                return Err(format!("</{closed}> closes something else"));
            }
        } else if !tag.starts_with('!') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    // An ampersand must begin an entity.
    let bare = page.split('&').skip(1).find(|s| s.split_once(';').is_none_or(|(e, _)| e.len() >= 8));
    match (open.as_slice(), bare) {
        ([], None) => Ok(()),
        ([], Some(bare)) => Err(format!("a bare & before {bare:.20}")),
        (open, _) => Err(format!("left open: {open:?}")),
    }
}
