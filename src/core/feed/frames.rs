//! Cuts a byte stream into frames without copying: one large read, many frames.

use std::fmt;
use std::io::{self, Read};

/// Longest frame a gateway sends; a longer length means that framing is lost.
const LONGEST: usize = 0x00FF_FFFF;
/// Shortest frame that can carry a message id.
const SHORTEST: usize = 4;
const READ: usize = 256 * 1024;

/// A length that no frame can have: nothing behind it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameError {
    /// The length that was announced.
    pub length: usize,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame of {} bytes, allowed are {SHORTEST} to {LONGEST}", self.length)
    }
}

impl std::error::Error for FrameError {}

/// Bytes read and not yet consumed.
#[derive(Debug)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Default for FrameBuffer {
    fn default() -> Self {
        Self { bytes: vec![0; READ], start: 0, end: 0 }
    }
}

impl FrameBuffer {
    /// Reads once, as much as fits; 0 at the end of the stream.
    ///
    /// # Errors
    /// What the reader reports.
    pub fn fill(&mut self, reader: &mut impl Read) -> io::Result<usize> {
        self.make_room();
        let read = reader.read(&mut self.bytes[self.end..])?;
        self.end += read;
        Ok(read)
    }

    /// The body of the next whole frame; `None` until more was read.
    ///
    /// # Errors
    /// A length that no frame can have.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let rest = &self.bytes[self.start..self.end];
        let Some((prefix, body)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*prefix) as usize;
        if !(SHORTEST..=LONGEST).contains(&length) {
            return Err(FrameError { length });
        }
        if body.len() < length {
            return Ok(None);
        }
        let body_start = self.start + 4;
        self.start = body_start + length;
        Ok(Some(&self.bytes[body_start..body_start + length]))
    }

    /// Moves the unconsumed tail to the front, and grows when one frame fills the whole buffer.
    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap();
        [&length.to_be_bytes()[..], body].concat()
    }

    /// Hands out the bytes in pieces of a fixed size, as a socket may.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(self.0.len()).min(into.len());
            into[..size].copy_from_slice(&self.0[..size]);
            self.0 = &self.0[size..];
            Ok(size)
        }
    }

    #[test]
    fn frames_survive_every_split() {
        let bodies: Vec<Vec<u8>> = vec![vec![1; 4], vec![2; 300_000], vec![3; 5], vec![4; 4]];
        let bytes: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
        for piece in [1, 3, 7, 4096, 1 << 20] {
            let mut buffer = FrameBuffer::default();
            let mut reader = Pieces(&bytes, piece);
            let mut seen = Vec::new();

            while buffer.fill(&mut reader).unwrap() > 0 {
                while let Some(body) = buffer.next_frame().unwrap() {
                    seen.push(body.to_vec());
                }
            }

            assert!(seen == bodies, "pieces of {piece}");
        }
    }

    #[test]
    fn impossible_lengths_are_refused() {
        for length in [0u32, 3, 0x0100_0000, u32::MAX] {
            let bytes = length.to_be_bytes();
            let mut buffer = FrameBuffer::default();
            buffer.fill(&mut &bytes[..]).unwrap();

            assert_eq!(buffer.next_frame(), Err(FrameError { length: length as usize }));
        }
    }
}
