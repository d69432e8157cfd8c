//! The threads that serve. Each has a runtime of its own, and a connection stays with one of them:
//! to pass work from thread to thread costs more than a scrape.

use std::io;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Ample for what scrapes an exporter; each thread takes memory.
const MOST: usize = 4;

/// A thread that has so many connections more than another is given no further one.
const AHEAD: usize = 4;

/// As many threads as the machine runs at once, within reason.
pub fn threads() -> usize {
    available_parallelism().map_or(1, |most| most.get().min(MOST))
}

/// The threads that serve: the one that accepts, and others until this is dropped.
#[derive(Debug)]
pub(super) struct Threads {
    accepts: Thread,
    others: Vec<Thread>,
    _end: watch::Sender<()>,
}

#[derive(Debug)]
struct Thread {
    runtime: Handle,
    /// Of which each connection has a share.
    connections: Arc<()>,
}

impl Threads {
    /// Starts so many threads that with the one that calls there are `all`; where the system refuses
    /// one, those that there are serve.
    pub(super) fn start(all: usize) -> Self {
        let (end, _) = watch::channel(());
        let mut others = Vec::new();
        while others.len() + 1 < all {
            match start(others.len() + 1, end.subscribe()) {
                Ok(runtime) => others.push(Thread::of(runtime)),
                Err(error) => {
                    tracing::warn!(%error, "a further thread to serve on could not be had");
                    break;
                }
            }
        }
        Self {
            accepts: Thread::of(Handle::current()),
            others,
            _end: end,
        }
    }

    /// Has `stream` served by `host` on one of the threads, as one of `connections`.
    pub(super) fn serve<F>(
        &self,
        stream: std::net::TcpStream,
        connections: &mut JoinSet<()>,
        host: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send,
    {
        let thread = self.that_takes(&stream);
        let share = Arc::clone(&thread.connections);
        let served = async move {
            let _share = share;
            match TcpStream::from_std(stream) {
                Ok(stream) => host(stream).await,
                Err(error) => tracing::warn!(%error, "a connection could not be taken over"),
            }
        };
        connections.spawn_on(served, &thread.runtime);
    }

    /// The thread that belongs to the processor at which `stream` arrived, so that what arrives need
    /// not wake another; or the least busy, where that one is far ahead.
    fn that_takes(&self, stream: &std::net::TcpStream) -> &Thread {
        let all = || std::iter::once(&self.accepts).chain(&self.others);
        let least_busy = all().min_by_key(|thread| thread.busy());
        let least_busy = least_busy.unwrap_or(&self.accepts);
        let processor = processor(stream).map(|processor| processor % (1 + self.others.len()));
        processor
            .and_then(|processor| all().nth(processor))
            .filter(|near| near.busy() < least_busy.busy() + AHEAD)
            .unwrap_or(least_busy)
    }
}

impl Thread {
    fn of(runtime: Handle) -> Self {
        Self {
            runtime,
            connections: Arc::new(()),
        }
    }

    fn busy(&self) -> usize {
        Arc::strong_count(&self.connections)
    }
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

/// The processor at which the last of `stream` arrived.
///
/// <https://man7.org/linux/man-pages/man7/socket.7.html>, `SO_INCOMING_CPU`
#[cfg(target_os = "linux")]
fn processor(stream: &std::net::TcpStream) -> Option<usize> {
    socket2::SockRef::from(stream).cpu_affinity().ok()
}

#[cfg(not(target_os = "linux"))]
fn processor(_: &std::net::TcpStream) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::sync::Mutex;
    use std::thread::{self, ThreadId};
    use tokio::net::TcpListener;

    /// Has so many connections served until they end, and gives how many each thread had.
    async fn shares(threads: usize, connections: usize) -> Vec<usize> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let threads = Threads::start(threads);
        let ran_on: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
        let mut served = JoinSet::new();
        let mut clients = Vec::new();
        for _ in 0..connections {
            let client = TcpStream::connect(listener.local_addr().unwrap());
            clients.push(client.await.unwrap());
            let (stream, _) = listener.accept().await.unwrap();
            let ran_on = Arc::clone(&ran_on);
            threads.serve(
                stream.into_std().unwrap(),
                &mut served,
                async move |stream| {
                    ran_on.lock().unwrap().push(thread::current().id());
                    let _ = stream.readable().await;
                },
            );
        }
        let all = std::iter::once(&threads.accepts).chain(&threads.others);
        let shares: Vec<_> = all.map(|thread| thread.busy() - 1).collect();
        drop(clients);
        while served.join_next().await.is_some() {}
        let ran_on = std::mem::take(&mut *ran_on.lock().unwrap());
        assert_eq!(ran_on.len(), connections);
        let own = ran_on.iter().filter(|id| **id == thread::current().id());
        assert_eq!(own.count(), shares[0], "{shares:?}");
        shares
    }

    #[tokio::test]
    async fn no_thread_is_far_ahead_of_another() {
        for (threads, connections) in [(1, 3), (2, 9), (3, 40)] {
            let shares = shares(threads, connections).await;
            assert_eq!((shares.len(), shares.iter().sum()), (threads, connections));
            let (least, most) = (shares.iter().min(), shares.iter().max());
            assert!(most.unwrap() - least.unwrap() <= AHEAD, "{shares:?}");
        }
    }
}
