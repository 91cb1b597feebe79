//! Room beside memory: a morning's lines sorted by recipient, and what it will write, in the order it came.
//!
//! A morning of a million cases says more than fits into memory, and it is written only at the end. What waits stands
//! in files without a name: nobody else can open them, and they are gone when the process is.

use std::collections::BinaryHeap;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::SpooledTempFile;

/// So much is sorted in memory before it goes to a file; also what a small morning never leaves.
const SORT_BYTES: usize = 8 << 20;
/// So much of each file is read ahead when the sorted files are merged.
const READ_AHEAD: usize = 32 << 10;
/// So much of what waits in order stays in memory.
const KEEP_BYTES: usize = 1 << 20;

/// A record that waits in a [`Queue`].
pub(super) trait Waits: Serialize + DeserializeOwned {
    /// What of it waits as it is: finished text need not be put in quotes and taken out again.
    fn as_it_is(&self) -> &[u8] {
        &[]
    }

    /// Takes that back.
    fn take_back(&mut self, _: Vec<u8>) {}
}

/// Records in the order they came.
#[derive(Debug)]
pub(super) struct Queue<T> {
    file: BufWriter<SpooledTempFile>,
    line: Vec<u8>,
    of: PhantomData<T>,
}

impl<T: Waits> Queue<T> {
    pub(super) fn new() -> Self {
        Self { file: BufWriter::new(SpooledTempFile::new(KEEP_BYTES)), line: Vec::new(), of: PhantomData }
    }

    pub(super) fn push(&mut self, record: &T) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, record)?;
        write_block(&mut self.file, &self.line)?;
        write_block(&mut self.file, record.as_it_is())
    }

    /// Reads everything back, from the first.
    pub(super) fn read(self) -> io::Result<Records<T>> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Records { file: BufReader::with_capacity(READ_AHEAD, file), of: PhantomData })
    }
}

/// What a [`Queue`] held.
#[derive(Debug)]
pub(super) struct Records<T> {
    file: BufReader<SpooledTempFile>,
    of: PhantomData<T>,
}

impl<T: Waits> Records<T> {
    /// Up to `most` of the next records; none when all were read.
    pub(super) fn batch(&mut self, most: usize) -> io::Result<Vec<T>> {
        let mut batch = Vec::new();
        while batch.len() < most {
            let Some(block) = read_block(&mut self.file)? else { break };
            let mut record: T = serde_json::from_slice(&block)?;
            record.take_back(read_block(&mut self.file)?.ok_or(io::ErrorKind::UnexpectedEof)?);
            batch.push(record);
        }
        Ok(batch)
    }
}

/// Records to be read back in the order of their keys; those of one key in the order they came.
#[derive(Debug, Default)]
pub(super) struct Sorter {
    /// Key and record, one behind the other.
    bytes: Vec<u8>,
    /// Where in `bytes`: start, end of the key, end of the record.
    index: Vec<(usize, usize, usize)>,
    runs: Vec<SpooledTempFile>,
}

impl Sorter {
    pub(super) fn push(&mut self, key: &[u8], record: &impl Serialize) -> io::Result<()> {
        if self.bytes.capacity() == 0 {
            // At once, as growing leaves holes behind that nothing else fits into; what is not written to costs nothing.
            self.bytes.reserve_exact(SORT_BYTES + READ_AHEAD);
            self.index.reserve_exact(SORT_BYTES / 128);
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, record)?;
        self.index.push((start, middle, self.bytes.len()));
        if self.bytes.len() >= SORT_BYTES {
            self.spill(0)?;
        }
        Ok(())
    }

    /// Sorts what is in memory and writes it to a file that keeps up to `in_memory` bytes out of the file system.
    fn spill(&mut self, in_memory: usize) -> io::Result<()> {
        self.index.sort_by(|a, b| self.bytes[a.0..a.1].cmp(&self.bytes[b.0..b.1]));
        let mut file = BufWriter::new(SpooledTempFile::new(in_memory));
        for (start, middle, end) in &self.index {
            write_block(&mut file, &self.bytes[*start..*middle])?;
            write_block(&mut file, &self.bytes[*middle..*end])?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        self.runs.push(file);
        self.bytes.clear();
        self.index.clear();
        Ok(())
    }

    pub(super) fn sorted(mut self) -> io::Result<Sorted> {
        self.spill(2 * SORT_BYTES)?;
        let mut sorted = Sorted { files: Vec::new(), heads: BinaryHeap::new() };
        for file in self.runs {
            sorted.files.push(BufReader::with_capacity(READ_AHEAD, file));
            sorted.refill(sorted.files.len() - 1)?;
        }
        Ok(sorted)
    }
}

/// The next record of one file; the heap's greatest is the smallest key of the earliest file.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    key: Vec<u8>,
    file: usize,
    record: Vec<u8>,
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&other.key, other.file).cmp(&(&self.key, self.file))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What a [`Sorter`] held, in order.
#[derive(Debug)]
pub(super) struct Sorted {
    files: Vec<BufReader<SpooledTempFile>>,
    heads: BinaryHeap<Next>,
}

impl Sorted {
    fn refill(&mut self, file: usize) -> io::Result<()> {
        if let Some(key) = read_block(&mut self.files[file])? {
            let record = read_block(&mut self.files[file])?.ok_or(io::ErrorKind::UnexpectedEof)?;
            self.heads.push(Next { key, file, record });
        }
        Ok(())
    }

    /// All records of the next key.
    pub(super) fn group<T: DeserializeOwned>(&mut self) -> io::Result<Option<(Vec<u8>, Vec<T>)>> {
        let Some(key) = self.heads.peek().map(|n| n.key.clone()) else { return Ok(None) };
        let mut records = Vec::new();
        while let Some(next) = self.heads.peek().filter(|n| n.key == key).map(|n| n.file) {
            if let Some(next) = self.heads.pop() {
                records.push(serde_json::from_slice(&next.record)?);
            }
            self.refill(next)?;
        }
        Ok(Some((key, records)))
    }
}

fn write_block(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(bytes)
}

fn read_block(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut block = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut block)?;
    Ok(Some(block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sorted_comes_back_by_key_and_in_the_order_it_came() {
        let mut sorter = Sorter::default();
        for n in 0..1000u32 {
            sorter.push(&[(n % 7) as u8], &n).unwrap();
            if n % 100 == 0 {
                sorter.spill(0).unwrap();
            }
        }
        let mut sorted = sorter.sorted().unwrap();
        let mut all = 0;
        let mut last = None;
        while let Some((key, records)) = sorted.group::<u32>().unwrap() {
            assert!(last < Some(key[0]));
            assert!(records.is_sorted() && records.iter().all(|n| n % 7 == u32::from(key[0])));
            all += records.len();
            last = Some(key[0]);
        }
        assert_eq!(all, 1000);
    }

    impl Waits for u32 {}

    #[test]
    fn what_was_queued_comes_back_in_order() {
        let mut queue = Queue::new();
        (0..500u32).for_each(|n| queue.push(&n).unwrap());
        let mut records = queue.read().unwrap();
        let first = records.batch(300).unwrap();
        let rest = records.batch(300).unwrap();
        assert_eq!(first.into_iter().chain(rest).collect::<Vec<_>>(), (0..500).collect::<Vec<_>>());
        assert!(records.batch(1).unwrap().is_empty());
    }
}
