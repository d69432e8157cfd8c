//! The processor time that a server spends, by whose code it is. It is counted in ticks, which do for
//! thousands of scrapes and not for one poll: that is [`crate::exporter::Exporter::processor_time`]'s.

use std::ops::Sub;

use anyhow::Context;

/// How many ticks of a processor's time are a second: what Linux tells user space is in hundredths.
const TICKS: f64 = 100.0;

/// Processor time, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spent {
    /// By the program's own code.
    pub(crate) own: f64,
    /// By the kernel on its behalf.
    pub(crate) kernel: f64,
}

impl Spent {
    /// What a process and its children have spent so far.
    pub(crate) fn by(process: u32) -> anyhow::Result<Self> {
        let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
        let children = children.split_whitespace().map(str::parse);
        let mut sum = Self::by_one(process)?;
        for child in children {
            let child = Self::by_one(child?)?;
            sum.own += child.own;
            sum.kernel += child.kernel;
        }
        Ok(sum)
    }

    fn by_one(process: u32) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        read(&text).with_context(|| format!("/proc/{process}/stat is not as it should be: {text}"))
    }
}

impl Sub for Spent {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            own: self.own - before.own,
            kernel: self.kernel - before.kernel,
        }
    }
}

/// Reads `/proc/<pid>/stat`, in which the program's name stands in parentheses and may hold anything.
fn read(text: &str) -> Option<Spent> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    let mut next = || Some(times.next()?.ok()? / TICKS);
    Some(Spent {
        own: next()?,
        kernel: next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Spent, read};

    #[test]
    fn times_are_found_behind_any_name() {
        let text = "7 (a ) 1 2) S 1 7 7 0 -1 4194560 500 0 0 0 123 45 6 7 20 0 1 0 99 1 2\n";
        let expected = Spent {
            own: 1.23,
            kernel: 0.45,
        };
        assert_eq!(read(text), Some(expected));
        assert_eq!(read("7 (a) S 1"), None);
    }
}
