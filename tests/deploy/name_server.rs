//! A name server on loopback that knows one name, which is this machine's.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};

/// Where it is: an address of loopback that nothing else uses.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

const TYPE_A: [u8; 2] = [0, 1];

/// Answers every question in a thread of its own, and tells the names that were asked for.
pub(crate) fn answer_all(socket: UdpSocket, known: &'static str) -> Receiver<String> {
    let (told, asked) = channel();
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let (name, answer) = answer(&question[..length], known);
            // The test may have ended.
            if told.send(name).is_err() || socket.send_to(&answer, from).is_err() {
                return;
            }
        }
    });
    asked
}

/// The name that a question is about, and what is answered (RFC 1035, section 4).
fn answer(question: &[u8], known: &str) -> (String, Vec<u8>) {
    let mut labels = Vec::new();
    let mut at = 12;
    while question[at] > 0 {
        let end = at + 1 + usize::from(question[at]);
        labels.push(String::from_utf8_lossy(&question[at + 1..end]).into_owned());
        at = end;
    }
    let name = labels.join(".");
    let kind = &question[at + 1..at + 3];
    let is_known = name == known;
    let has_answer = is_known && kind == TYPE_A;
    let mut answer = question[..2].to_vec();
    // An answer, with recursion; or that there is no such name.
    answer.extend([0x81, if is_known { 0x80 } else { 0x83 }]);
    answer.extend([0, 1, 0, u8::from(has_answer), 0, 0, 0, 0]);
    answer.extend(&question[12..at + 5]);
    if has_answer {
        // The name of the question, an IPv4 address, for a minute.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    (name, answer)
}
