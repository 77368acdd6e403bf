//! Memory that holds machine code.

use memmap2::{Mmap, MmapMut};

/// Code in memory that can be read and executed, and no longer written.
#[derive(Debug)]
pub(super) struct Executable(Mmap);

impl Executable {
    /// None if the system refuses memory for code.
    pub(super) fn new(code: &[u8]) -> Option<Executable> {
        let mut memory = MmapMut::map_anon(code.len()).ok()?;
        memory.copy_from_slice(code);
        memory.make_exec().ok().map(Executable)
    }

    pub(super) fn start(&self) -> *const u8 {
        self.0.as_ptr()
    }
}
