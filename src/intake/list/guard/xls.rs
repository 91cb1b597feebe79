//! What an old workbook (.xls) comes to when its texts and cells are written out, reckoned without doing so.
//!
//! An xls keeps every text once and its cells refer to it; a few hundred kilobytes may so say gigabytes. Knows the container
//! (sectors, chains, directory) and of its records those that make cells; knows neither values nor formats.

use super::{MOST_CELLS, MOST_TEXT, broken, too_large, too_much_text};

/// All sheets' records together: sheets may share theirs.
const MOST_WALKED: u64 = 128 << 20;

const END_OF_CHAIN: u32 = 0xffff_fffe;
const SPECIAL: u32 = 0xffff_fffa;

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Whether the old workbook may be opened; else a German sentence.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let stream = workbook(bytes).ok_or_else(broken)?;
    let (sheets, texts) = globals(&stream).ok_or_else(broken)?;
    let (mut walked, mut cells, mut text) = (0, 0, 0);
    for at in sheets {
        let sheet = sheet(stream.get(at..).ok_or_else(broken)?, &texts);
        walked += sheet.bytes;
        cells += sheet.cells;
        text += sheet.text;
        if walked > MOST_WALKED || cells > MOST_CELLS {
            return Err(too_large());
        }
        if text > MOST_TEXT {
            return Err(too_much_text());
        }
    }
    Ok(())
}

/// The sectors of a container.
struct Sectors<'a> {
    bytes: &'a [u8],
    size: usize,
    next: Vec<u32>,
}

impl Sectors<'_> {
    fn get(&self, id: u32) -> Option<&[u8]> {
        let start = (id as usize).checked_mul(self.size)?;
        let end = (start + self.size).min(self.bytes.len());
        self.bytes.get(start..end).filter(|sector| !sector.is_empty())
    }

    /// The bytes of a chain; none where it runs in a circle.
    fn chain(&self, mut id: u32, most: usize) -> Option<Vec<u8>> {
        let mut chain = Vec::new();
        while id != END_OF_CHAIN && chain.len() < most {
            chain.extend_from_slice(self.get(id)?);
            if chain.len() > self.bytes.len() + self.size {
                return None;
            }
            id = *self.next.get(id as usize)?;
        }
        chain.truncate(most);
        Some(chain)
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|n| u32::from_le_bytes(*n))
}

/// The stream with the workbook's records.
fn workbook(bytes: &[u8]) -> Option<Vec<u8>> {
    let size = match u16_at(bytes, 30)? {
        9 => 512,
        12 => 4096,
        _ => return None,
    };
    let mut sectors = Sectors { bytes: bytes.get(size..)?, size, next: Vec::new() };
    let mut tables: Vec<u32> = numbers(bytes.get(76..512)?).collect();
    let mut id = u32_at(bytes, 68)?;
    while id < SPECIAL {
        tables.extend(numbers(sectors.get(id)?));
        id = tables.pop()?;
        if tables.len() > sectors.bytes.len() / 4 {
            return None;
        }
    }
    let mut next = Vec::new();
    for table in tables.into_iter().filter(|id| *id < SPECIAL) {
        next.extend(numbers(sectors.get(table)?));
        if next.len() > sectors.bytes.len() {
            return None;
        }
    }
    sectors.next = next;
    let directory = sectors.chain(u32_at(bytes, 48)?, usize::MAX)?;
    let entries = || directory.as_chunks::<128>().0.iter();
    let find = |wanted: &str| {
        let name = wanted.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        entries().find(|entry| entry[..name.len()].eq_ignore_ascii_case(&name) && entry[name.len()..][..2] == [0, 0])
    };
    let place = |entry: &[u8; 128]| Some((u32_at(entry, 116)?, u32_at(entry, 120)? as usize));
    let small = u32_at(bytes, 64)? > 0;
    let mini = if small {
        let (start, len) = place(entries().next()?)?;
        let held = sectors.chain(start, len)?;
        let next = sectors.chain(u32_at(bytes, 60)?, usize::MAX)?;
        Some((held, numbers(&next).collect::<Vec<_>>()))
    } else {
        None
    };
    let (start, len) = place(find("Workbook").or_else(|| find("Book"))?)?;
    if len >= 4096 {
        return sectors.chain(start, len);
    }
    let (held, next) = mini?;
    Sectors { bytes: &held, size: 64, next }.chain(start, len)
}

/// The records of a stream: kind, data, where the next one stands.
fn records(stream: &[u8]) -> impl Iterator<Item = (usize, &[u8])> + '_ {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let (kind, len) = (u16_at(rest, 0)?, u16_at(rest, 2)?);
        let data = rest.get(4..4 + len)?;
        rest = &rest[4 + len..];
        Some((kind, data))
    })
}

/// Where the sheets begin, and how many bytes each text of the table takes at most.
fn globals(stream: &[u8]) -> Option<(Vec<usize>, Vec<u32>)> {
    let (mut sheets, mut texts) = (Vec::new(), Vec::new());
    let mut records = records(stream).peekable();
    while let Some((kind, data)) = records.next() {
        match kind {
            0x0085 => sheets.push(u32_at(data, 0)? as usize),
            0x00fc => {
                let mut parts = vec![data.get(8..)?];
                while let Some((_, more)) = records.next_if(|(kind, _)| *kind == 0x003c) {
                    parts.push(more);
                }
                texts = lengths(&parts)?;
            }
            0x000a => break,
            _ => {}
        }
    }
    Some((sheets, texts))
}

/// The table of texts, which runs over several records.
fn lengths(parts: &[&[u8]]) -> Option<Vec<u32>> {
    let mut lengths = Vec::new();
    let mut parts = parts.iter().copied();
    let mut here = parts.next()?;
    loop {
        if here.is_empty() {
            match parts.next() {
                Some(next) => here = next,
                None => return Some(lengths),
            }
            continue;
        }
        let (mut left, flags) = (u16_at(here, 0)?, *here.get(2)?);
        // A character of two bytes takes up to three in memory, one of one byte up to two.
        lengths.push(u32::try_from(left * if flags & 1 == 0 { 2 } else { 3 }).ok()?);
        here = &here[3..];
        let mut behind = 0;
        if flags & 8 != 0 {
            behind += 4 * u16_at(here, 0)?;
            here = &here[2..];
        }
        if flags & 4 != 0 {
            behind += u32_at(here, 0)? as usize;
            here = &here[4..];
        }
        let mut width = usize::from(flags & 1) + 1;
        while left > 0 {
            let taken = left.min(here.len() / width);
            here = &here[taken * width..];
            left -= taken;
            if left > 0 {
                // The rest of the text begins with its width.
                let next = parts.next()?;
                width = usize::from(next.first()? & 1) + 1;
                here = &next[1..];
            }
        }
        while behind > here.len() {
            behind -= here.len();
            here = parts.next()?;
        }
        here = &here[behind..];
    }
}

struct Extent {
    bytes: u64,
    /// The rectangle around all cells.
    cells: u64,
    /// Bytes of the texts that cells refer to.
    text: u64,
}

fn sheet(stream: &[u8], texts: &[u32]) -> Extent {
    let (mut bytes, mut text, mut depth) = (0, 0, 0);
    let (mut rows, mut columns) = ((usize::MAX, 0), (usize::MAX, 0));
    for (kind, data) in records(stream) {
        bytes += data.len() as u64 + 4;
        match kind {
            0x0809 => depth += 1,
            0x000a if depth <= 1 => break,
            0x000a => depth -= 1,
            // Numbers, texts, answers, formulas.
            0x0203 | 0x0204 | 0x00d6 | 0x0205 | 0x027e | 0x00fd | 0x00bd | 0x0006 => {
                let (Some(row), Some(column)) = (u16_at(data, 0), u16_at(data, 2)) else { continue };
                let last = if kind == 0x00bd { u16_at(data, data.len().saturating_sub(2)) } else { None };
                rows = (rows.0.min(row), rows.1.max(row + 1));
                columns = (columns.0.min(column), columns.1.max(last.unwrap_or(column).max(column) + 1));
                if kind == 0x00fd {
                    let index = u32_at(data, 6).and_then(|i| texts.get(i as usize));
                    text += index.map_or(0, |length| u64::from(*length));
                }
            }
            _ => {}
        }
    }
    let cells = (rows.1.saturating_sub(rows.0) * columns.1.saturating_sub(columns.0)) as u64;
    Extent { bytes, cells, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    }

    #[test]
    fn every_text_counts_as_often_as_a_cell_refers_to_it() {
        // „ab", then a text of three wide characters that runs over two records, then „c" with a run of looks.
        let first = [&[0; 8][..], &[2, 0, 0, b'a', b'b'], &[3, 0, 1, b'x', 0]].concat();
        let second = [&[1, b'y', 0, b'z', 0][..], &[1, 0, 8, 1, 0, b'c', 9, 9, 9, 9]].concat();
        assert_eq!(lengths(&[&first[8..], &second]), Some(vec![4, 9, 2]));
        assert_eq!(lengths(&[&[200, 0, 0, b'a']]), None);

        let label = |row: u8, column: u8, text: u8| record(0x00fd, &[row, 0, column, 0, 0, 0, text, 0, 0, 0]);
        let globals_of =
            [record(0x0085, &[77, 0, 0, 0]), record(0x00fc, &first), record(0x003c, &second), record(0x000a, &[])];
        assert_eq!(globals(&globals_of.concat()), Some((vec![77], vec![4, 9, 2])));
        let cells =
            [record(0x0809, &[]), label(2, 1, 1), label(5, 3, 1), record(0x000a, &[]), label(200, 200, 1)].concat();
        let extent = sheet(&cells, &[4, 9, 2]);
        assert_eq!((extent.cells, extent.text), (4 * 3, 18));
    }

    #[test]
    fn a_container_whose_chain_runs_in_a_circle_is_broken() {
        let mut bytes = vec![0; 512 * 3];
        bytes[30] = 9;
        bytes[68..72].copy_from_slice(&END_OF_CHAIN.to_le_bytes());
        bytes[76..512].fill(0xff);
        // The table of chains stands in sector 0, the directory in sector 1, which follows itself.
        bytes[76..80].fill(0);
        bytes[48] = 1;
        bytes[512..1024].fill(0xff);
        bytes[516..520].copy_from_slice(&1_u32.to_le_bytes());
        assert_eq!(check(&bytes), Err(broken()));
    }
}
