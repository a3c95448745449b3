//! A system call that our signal interrupted goes on as if nothing had been.
//!
//! Most calls are restarted by the kernel (SA_RESTART). Those that wait for a time or for descriptors
//! are not: they return EINTR whatever the flags say, which a program need not expect if it handles no
//! signal. As such a call has done nothing yet, it is made again: the instruction pointer is put back
//! on the instruction and the call's number into rax, which the kernel leaves out of the context. The
//! number is known when the thread was seen asleep before the signal was sent; else it is read from
//! the instruction before (`mov eax, N`). A relative time starts anew, unless the call tells what is
//! left of it: `poll` and `epoll_wait` may take longer by as much as they had waited.

use super::tasks::SystemCall;

/// The general registers of a context, by `REG_...`.
pub type General = [i64; 23];

/// Calls that can return EINTR with nothing done although SA_RESTART is set, so that they can be made
/// again as they are. (Of reads, writes and their like that is only so with a timeout on the socket.)
const REPEATABLE: &[i64] = &[
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_select,
    libc::SYS_pselect6,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    libc::SYS_pause,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_msgrcv,
    libc::SYS_msgsnd,
    libc::SYS_mq_timedreceive,
    libc::SYS_mq_timedsend,
    libc::SYS_io_getevents,
    libc::SYS_io_uring_enter,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_read,
    libc::SYS_write,
];

const CALL: [u8; 2] = [0x0F, 0x05];
/// `mov eax, imm32`
const LOAD: u8 = 0xB8;

/// As much of the code before the instruction pointer as [`repeat`] wants to see.
pub const CODE_BYTES: usize = 7;

/// Whether the registers can be those of a call that a signal interrupted.
pub fn may_be_interrupted_call(general: &General) -> bool {
    general[libc::REG_RAX as usize] == -i64::from(libc::EINTR)
}

/// Makes the thread that goes on with these registers repeat the call that it was interrupted in, if
/// it was in one. `seen` is what was seen of it before; `code` is what stands before its instruction
/// pointer.
pub fn repeat(general: &mut General, seen: Option<&SystemCall>, code: &[u8; CODE_BYTES]) {
    let register = |number: i32| general[number as usize] as usize;
    if !may_be_interrupted_call(general) || code[5..] != CALL {
        return;
    }
    let arguments = [
        register(libc::REG_RDI),
        register(libc::REG_RSI),
        register(libc::REG_RDX),
        register(libc::REG_R10),
        register(libc::REG_R8),
        register(libc::REG_R9),
    ];
    let is_the_same = |seen: &&SystemCall| {
        seen.arguments == arguments
            && seen.pc == register(libc::REG_RIP)
            && seen.sp == register(libc::REG_RSP)
    };
    let number = match seen.filter(is_the_same) {
        Some(seen) => seen.number as i64,
        None if code[0] == LOAD => {
            i64::from(u32::from_ne_bytes([code[1], code[2], code[3], code[4]]))
        }
        None => return,
    };
    if !REPEATABLE.contains(&number) {
        return;
    }
    general[libc::REG_RAX as usize] = number;
    general[libc::REG_RIP as usize] -= CALL.len() as i64;
    sleep_for_the_rest(number, general);
}

/// A sleep that was told where to store the time that is left has stored it there: that is the time to
/// sleep now.
fn sleep_for_the_rest(number: i64, general: &mut General) {
    let is_absolute = general[libc::REG_RSI as usize] & i64::from(libc::TIMER_ABSTIME) != 0;
    let (time, rest) = match number {
        libc::SYS_nanosleep => (libc::REG_RDI, libc::REG_RSI),
        libc::SYS_clock_nanosleep if !is_absolute => (libc::REG_RDX, libc::REG_R10),
        _ => return,
    };
    if general[rest as usize] != 0 {
        general[time as usize] = general[rest as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: [u8; 7] = [LOAD, libc::SYS_poll as u8, 0, 0, 0, CALL[0], CALL[1]];

    fn interrupted() -> General {
        let mut general = [0; 23];
        general[libc::REG_RAX as usize] = -i64::from(libc::EINTR);
        general[libc::REG_RIP as usize] = 0x1000;
        general[libc::REG_RSP as usize] = 0x2000;
        general[libc::REG_RDI as usize] = 7;
        general
    }

    fn seen(number: i64) -> SystemCall {
        let arguments = [7, 0, 0, 0, 0, 0];
        SystemCall { number: number as u64, arguments, sp: 0x2000, pc: 0x1000 }
    }

    #[test]
    fn an_interrupted_wait_is_made_again() {
        for (seen, code) in [(None, POLL), (Some(seen(libc::SYS_poll)), [0, 0, 0, 0, 0, 0x0F, 5])] {
            let mut general = interrupted();
            repeat(&mut general, seen.as_ref(), &code);
            assert_eq!(general[libc::REG_RAX as usize], libc::SYS_poll);
            assert_eq!(general[libc::REG_RIP as usize], 0xFFE);
        }
    }

    #[test]
    fn nothing_else_is_touched() {
        let mut finished = interrupted();
        finished[libc::REG_RAX as usize] = 3;
        let elsewhere = SystemCall { sp: 0x3000, ..seen(libc::SYS_poll) };
        let unknown = [0, 0, 0, 0, 0, CALL[0], CALL[1]];
        let no_call = [LOAD, libc::SYS_poll as u8, 0, 0, 0, 0x90, 0x90];
        let cases = [
            (finished, None, POLL),
            (interrupted(), None, unknown),
            (interrupted(), None, no_call),
            (interrupted(), Some(elsewhere), unknown),
            // The descriptor is closed although the call says EINTR.
            (interrupted(), Some(seen(libc::SYS_close)), unknown),
            (interrupted(), Some(seen(libc::SYS_connect)), unknown),
        ];
        for (before, seen, code) in cases {
            let mut after = before;
            repeat(&mut after, seen.as_ref(), &code);
            assert_eq!(after, before);
        }
    }

    #[test]
    fn a_sleep_sleeps_for_what_is_left() {
        let mut general = interrupted();
        general[libc::REG_RSI as usize] = 0x5000;
        let call = SystemCall { arguments: [7, 0x5000, 0, 0, 0, 0], ..seen(libc::SYS_nanosleep) };
        repeat(&mut general, Some(&call), &[0, 0, 0, 0, 0, CALL[0], CALL[1]]);
        assert_eq!(general[libc::REG_RDI as usize], 0x5000);
    }
}
