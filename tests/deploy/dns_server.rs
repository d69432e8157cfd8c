//! A DNS server that resolves one name to 127.0.0.1.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};

/// A loopback address other than 127.0.0.1, whose port 53 may be in use.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

const TYPE_A: [u8; 2] = [0, 1];

/// Serves queries in a thread and returns the queried names as they arrive. Only `known` exists.
pub(crate) fn serve(socket: UdpSocket, known: &'static str) -> Receiver<String> {
    let (sender, names) = channel();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut query) {
            let (name, response) = respond(&query[..length], known);
            // The receiver is gone once the test has ended.
            if sender.send(name).is_err() || socket.send_to(&response, client).is_err() {
                return;
            }
        }
    });
    names
}

/// Returns the name in a query, and the response to it (RFC 1035, section 4).
fn respond(query: &[u8], known: &str) -> (String, Vec<u8>) {
    let mut labels = Vec::new();
    let mut position = 12;
    while query[position] > 0 {
        let end = position + 1 + usize::from(query[position]);
        labels.push(String::from_utf8_lossy(&query[position + 1..end]).into_owned());
        position = end;
    }
    let name = labels.join(".");
    let query_type = &query[position + 1..position + 3];
    let is_known = name == known;
    let has_answer = is_known && query_type == TYPE_A;
    let mut response = query[..2].to_vec();
    // A recursive response: no error, or NXDOMAIN.
    response.extend([0x81, if is_known { 0x80 } else { 0x83 }]);
    response.extend([0, 1, 0, u8::from(has_answer), 0, 0, 0, 0]);
    response.extend(&query[12..position + 5]);
    if has_answer {
        // A pointer to the name, type A, class IN, a TTL of 60 seconds, 127.0.0.1.
        response.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    (name, response)
}
