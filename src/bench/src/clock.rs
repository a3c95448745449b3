//! Clocks. Processor time of this process or thread: unlike the clock on the wall it stands still while others
//! use the processor, so figures taken inside a workload do not count the machine's other work.

use std::time::Duration;

/// Time that the calling thread has used, in user mode and in the kernel.
pub fn thread_time() -> Duration {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Time that all threads of the process have used.
pub fn process_time() -> Duration {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// The clock on the wall, as the programs that are measured read it: since the machine's start.
pub fn now() -> Duration {
    read(libc::CLOCK_MONOTONIC)
}

fn read(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a local; both clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_costs_no_processor_time() {
        let (before, start) = (thread_time(), std::time::Instant::now());
        std::thread::sleep(Duration::from_millis(100));
        assert!(thread_time() - before < start.elapsed());
        assert!(process_time() >= thread_time());
    }
}
