//! The threads that serve. Each has a runtime of its own, and a connection is with one of them at a
//! time: to pass work from thread to thread costs more than a scrape.
//!
//! A connection belongs to the thread of the processor at which it arrives. So clients on different
//! processors are served by different threads, and none need wake another processor. Where a client
//! runs shows only once it has asked for a while, so that a connection can change its thread.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::available_parallelism;

use smallvec::SmallVec;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Ample for what scrapes an exporter; each thread takes memory.
const MOST: usize = 4;

/// A thread that has so many connections more than another is given no further one.
const AHEAD: usize = 2;

/// How many connections each thread has.
type Busy = SmallVec<[usize; MOST]>;

/// As many threads as the machine runs at once, within reason.
pub fn threads() -> usize {
    available_parallelism().map_or(1, |most| most.get().min(MOST))
}

/// The threads that serve: the one that accepts, and others until this is dropped.
#[derive(Debug)]
pub(super) struct Threads {
    /// The one that accepts is the first.
    all: Vec<Thread>,
    _end: watch::Sender<()>,
}

#[derive(Debug)]
struct Thread {
    runtime: Handle,
    /// Of which each connection has a share.
    connections: Arc<()>,
}

/// The place of a connection with a thread.
#[derive(Debug)]
pub(super) struct Seat {
    threads: Arc<Threads>,
    number: usize,
    _share: Arc<()>,
}

impl Threads {
    /// Starts so many threads that with the one that calls there are `all`; where the system refuses
    /// one, those that there are serve.
    pub(super) fn start(all: usize) -> Self {
        let (end, _) = watch::channel(());
        let mut threads = vec![Thread::of(Handle::current())];
        while threads.len() < all {
            match start(threads.len(), end.subscribe()) {
                Ok(runtime) => threads.push(Thread::of(runtime)),
                Err(error) => {
                    tracing::warn!(%error, "a further thread to serve on could not be had");
                    break;
                }
            }
        }
        Self {
            all: threads,
            _end: end,
        }
    }

    /// Has `stream` served by `host` on one of the threads, as one of `connections`. Where `host`
    /// gives it back it is served again, by a thread that fits better.
    pub(super) fn serve<F>(
        self: &Arc<Self>,
        stream: TcpStream,
        connections: &mut JoinSet<()>,
        host: impl Fn(TcpStream, Seat) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Option<TcpStream>> + Send + 'static,
    {
        let threads = Arc::clone(self);
        let seat = self.seat(&stream);
        let runtime = seat.runtime().clone();
        let served = async move {
            let mut left = host(stream, seat).await;
            while let Some(stream) = left {
                let seat = threads.seat(&stream);
                let runtime = seat.runtime().clone();
                // A set, because what is in one ends with it.
                let mut there = JoinSet::new();
                there.spawn_on(host(stream, seat), &runtime);
                left = there.join_next().await.and_then(Result::ok).flatten();
            }
        };
        connections.spawn_on(served, &runtime);
    }

    fn seat(self: &Arc<Self>, stream: &TcpStream) -> Seat {
        let number = choice(&self.busy(), self.near(processor(stream)), None);
        Seat {
            threads: Arc::clone(self),
            number,
            _share: Arc::clone(&self.all[number].connections),
        }
    }

    fn busy(&self) -> Busy {
        let all = self.all.iter();
        all.map(|thread| Arc::strong_count(&thread.connections) - 1)
            .collect()
    }

    /// The thread that belongs to a processor.
    fn near(&self, processor: Option<usize>) -> Option<usize> {
        processor.map(|processor| processor % self.all.len())
    }
}

impl Seat {
    /// Whether no other thread would serve `stream` better.
    pub(super) fn fits(&self, stream: &tokio::net::TcpStream) -> bool {
        let threads = &*self.threads;
        if threads.all.len() == 1 {
            return true;
        }
        let mut others = threads.busy();
        others[self.number] -= 1;
        choice(&others, threads.near(processor(stream)), Some(self.number)) == self.number
    }

    fn runtime(&self) -> &Handle {
        &self.threads.all[self.number].runtime
    }
}

impl Thread {
    fn of(runtime: Handle) -> Self {
        Self {
            runtime,
            connections: Arc::new(()),
        }
    }
}

/// The thread for a connection, where each has so many others: the one that is near, or else the one
/// where it is, unless that is far ahead of the least busy.
fn choice(busy: &[usize], near: Option<usize>, stays: Option<usize>) -> usize {
    let least = (0..busy.len())
        .min_by_key(|thread| busy[*thread])
        .unwrap_or(0);
    let has_room = |thread: &usize| busy[*thread] < busy[least] + AHEAD;
    let mut wanted = [near, stays].into_iter().flatten();
    wanted.find(has_room).unwrap_or(least)
}

/// Starts a thread that does what it is given until `end` is nobody's any more.
fn start(number: usize, mut end: watch::Receiver<()>) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name(format!("serve-{number}"))
        .spawn(move || {
            let _ = runtime.block_on(end.changed());
            runtime.shutdown_background();
        })?;
    Ok(handle)
}

/// The processor at which the last of a stream arrived.
///
/// <https://man7.org/linux/man-pages/man7/socket.7.html>, `SO_INCOMING_CPU`
#[cfg(target_os = "linux")]
fn processor(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    socket2::SockRef::from(stream).cpu_affinity().ok()
}

#[cfg(not(target_os = "linux"))]
fn processor<S>(_: &S) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::sync::Mutex;
    use std::thread::{self, ThreadId};
    use tokio::net::TcpListener;

    #[test]
    fn a_connection_is_near_or_stays_unless_that_thread_is_far_ahead() {
        type Case = (&'static [usize], Option<usize>, Option<usize>, usize);
        let table: [Case; 11] = [
            // The near one, though it has more.
            (&[0, 0], Some(1), None, 1),
            (&[1, 0], Some(0), None, 0),
            (&[1, 0], Some(0), Some(1), 0),
            // Not where it is far ahead.
            (&[2, 0], Some(0), None, 1),
            (&[3, 1, 1], Some(0), Some(2), 2),
            (&[3, 1, 0], Some(0), Some(1), 1),
            (&[3, 2, 0], Some(0), Some(1), 2),
            (&[3, 0], Some(0), Some(0), 1),
            // Where the system does not tell what is near.
            (&[1, 0], None, None, 1),
            (&[1, 0], None, Some(0), 0),
            (&[7], None, None, 0),
        ];
        for (busy, near, stays, chosen) in table {
            assert_eq!(
                choice(busy, near, stays),
                chosen,
                "{busy:?} {near:?} {stays:?}"
            );
        }
    }

    /// A client, and the stream on which it is served.
    async fn pair() -> (tokio::net::TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap());
        let client = client.await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (client, stream.into_std().unwrap())
    }

    /// Has so many connections served, each so many times, and gives how many each thread has then.
    async fn shares(threads: usize, connections: usize, times: usize) -> Vec<usize> {
        let threads = Arc::new(Threads::start(threads));
        let ran_on: Arc<Mutex<Vec<(usize, ThreadId)>>> = Arc::default();
        let mut served = JoinSet::new();
        let mut clients = Vec::new();
        for _ in 0..connections {
            let (client, stream) = pair().await;
            clients.push(client);
            let (ran_on, before) = (Arc::clone(&ran_on), Mutex::new(0));
            threads.serve(stream, &mut served, move |stream, seat| {
                let mut before = before.lock().unwrap();
                *before += 1;
                let again = *before < times;
                let ran_on = Arc::clone(&ran_on);
                async move {
                    let at = (seat.number, thread::current().id());
                    ran_on.lock().unwrap().push(at);
                    if again {
                        return Some(stream);
                    }
                    let stream = tokio::net::TcpStream::from_std(stream).unwrap();
                    let _ = stream.readable().await;
                    drop(seat);
                    None
                }
            });
        }
        while ran_on.lock().unwrap().len() < times * connections {
            tokio::task::yield_now().await;
        }
        let shares = threads.busy().to_vec();
        drop(clients);
        while served.join_next().await.is_some() {}
        for (number, id) in &*ran_on.lock().unwrap() {
            assert_eq!(*number == 0, *id == thread::current().id());
        }
        shares
    }

    #[tokio::test]
    async fn no_thread_is_far_ahead_of_another() {
        for (threads, connections) in [(1, 3), (2, 9), (3, 40)] {
            let shares = shares(threads, connections, 1).await;
            assert_eq!((shares.len(), shares.iter().sum()), (threads, connections));
            let (least, most) = (shares.iter().min(), shares.iter().max());
            assert!(most.unwrap() - least.unwrap() <= AHEAD, "{shares:?}");
        }
    }

    #[tokio::test]
    async fn none_is_lost_that_changes_its_thread() {
        for (threads, connections) in [(1, 3), (2, 9), (3, 40)] {
            let shares = shares(threads, connections, 5).await;
            assert_eq!((shares.len(), shares.iter().sum()), (threads, connections));
        }
    }

    #[tokio::test]
    async fn what_changed_its_thread_ends_with_the_connections() {
        let (_client, stream) = pair().await;
        let threads = Arc::new(Threads::start(2));
        let mut served = JoinSet::new();
        let times = Mutex::new(0);
        threads.serve(stream, &mut served, move |stream, seat| {
            let mut times = times.lock().unwrap();
            *times += 1;
            let last = *times == 3;
            async move {
                if last {
                    std::future::pending::<()>().await;
                }
                drop(seat);
                Some(stream)
            }
        });
        while threads.busy().iter().sum::<usize>() == 0 {
            tokio::task::yield_now().await;
        }
        served.shutdown().await;
        while threads.busy().iter().sum::<usize>() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
