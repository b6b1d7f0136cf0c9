//! Byte streams that break, stall and crawl.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_rt::time::{Instant, sleep, sleep_until, timeout};
use bytes::{Bytes, BytesMut};
use futures::future::{LocalBoxFuture, join};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

use super::{Direction, until};
use crate::transport::dial::{DIAL_TIME, DUPLEX_BYTES};
use crate::transport::{Dial, Halves, halves};

/// Bytes that are moved at once at most.
const PIECE: usize = 4 * 1024;
/// Pieces that are under way in one direction at most.
const UNDER_WAY: usize = 64;

/// Where a connection breaks: when so much has passed in one direction. Both ends find it closed, and
/// what is under way the other way is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Break {
    /// The direction that counts.
    pub direction: Direction,
    /// How much passes before it breaks.
    pub after: Amount,
}

/// How much passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many bytes.
    Bytes(u64),
    /// So many writes of the sending side (more or less: a large one is several, and several that
    /// were not read yet are one).
    Pieces(u64),
}

/// Says where the connection of this number, counted from 1, is to break, if at all.
type Plan = Arc<dyn Fn(u64) -> Option<Break> + Send + Sync>;

/// Steers the byte streams that [`FaultyDial`]s with this handle give, and will give.
#[derive(Clone)]
pub struct Wire(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    leads_to: Option<Arc<dyn Dial>>,
    refuses: bool,
    stalled: (bool, bool),
    delay: Duration,
    bytes_a_second: Option<u32>,
    plan: Option<Plan>,
    dialled: u64,
    cuts: u64,
    vanished: u64,
    given_up_after: Duration,
    heals: u64,
}

impl State {
    fn is_stalled(&self, direction: Direction) -> bool {
        match direction {
            Direction::Sent => self.stalled.0,
            Direction::Received => self.stalled.1,
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Wire")
            .field("leads_to", &state.leads_to)
            .field("dialled", &state.dialled)
            .finish_non_exhaustive()
    }
}

impl Default for Wire {
    fn default() -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            changed: Notify::new(),
        }))
    }
}

impl Wire {
    /// A wire without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// New connections lead to another server, such as one that was started in place of the first.
    pub fn lead_to(&self, dial: Arc<dyn Dial>) {
        self.change(|state| state.leads_to = Some(dial));
    }

    /// Refuses new connections, or takes them again.
    pub fn refuse(&self, refuses: bool) {
        self.change(|state| state.refuses = refuses);
    }

    /// Closes all connections that there are now.
    pub fn cut(&self) {
        self.change(|state| state.cuts += 1);
    }

    /// Half-open for good: the connections that there are now carry nothing any more, and nobody is
    /// told, as when the machine at the other end lost its power. They stay so until both ends have
    /// given them up, or for so long, after which the kernels do. New ones are whole.
    pub fn vanish(&self, given_up_after: Duration) {
        self.change(|state| {
            state.vanished += 1;
            state.given_up_after = given_up_after;
        });
    }

    /// Breaks new connections where `plan` says. It is asked for each, by its number, counted from 1
    /// for the first that was ever dialled.
    pub fn break_at(&self, plan: impl Fn(u64) -> Option<Break> + Send + Sync + 'static) {
        self.change(|state| state.plan = Some(Arc::new(plan)));
    }

    /// Half-open: nothing passes any more in this direction, not even the end of the stream, and
    /// nobody is told. Bytes wait, as on a cable that was pulled. Nobody can dial meanwhile.
    pub fn stall(&self, direction: Direction) {
        self.change(|state| match direction {
            Direction::Sent => state.stalled.0 = true,
            Direction::Received => state.stalled.1 = true,
        });
    }

    /// Each byte takes so long to arrive.
    pub fn delay(&self, delay: Duration) {
        self.change(|state| state.delay = delay);
    }

    /// So many bytes pass in each direction of each connection in a second, or any number.
    pub fn limit(&self, bytes_a_second: Option<u32>) {
        self.change(|state| state.bytes_a_second = bytes_a_second);
    }

    /// Ends all faults, and breaks no connections any more. What was held up passes.
    pub fn heal(&self) {
        self.change(|state| {
            *state = State {
                leads_to: state.leads_to.take(),
                dialled: state.dialled,
                cuts: state.cuts,
                vanished: state.vanished,
                given_up_after: state.given_up_after,
                heals: state.heals + 1,
                ..State::default()
            };
        });
    }

    /// How many connections have been dialled so far.
    #[must_use]
    pub fn dialled(&self) -> u64 {
        self.state().dialled
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.changed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it panics; if it did, the state would still be sound.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        until(&self.0.changed, || holds(&self.state())).await;
    }

    async fn dial(self, dial: Arc<dyn Dial>) -> io::Result<Halves> {
        let open = self.until(|state| state.refuses || state.stalled == (false, false));
        timeout(DIAL_TIME, open)
            .await
            .map_err(|_| io::ErrorKind::TimedOut)?;
        let (dial, at, cuts, vanished) = {
            let mut state = self.state();
            if state.refuses {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            state.dialled += 1;
            let number = state.dialled;
            let at = state.plan.as_ref().and_then(|plan| plan(number));
            let at = at.map(|at| (at, state.heals));
            let dial = state.leads_to.clone().unwrap_or(dial);
            (dial, at, state.cuts, state.vanished)
        };
        let mut far = dial.dial().await?;
        let (ours, near) = tokio::io::duplex(DUPLEX_BYTES);
        let halves = halves(ours, far.is_private);
        actix_rt::spawn(async move {
            let (mut from_party, mut to_party) = tokio::io::split(near);
            let carrying = async {
                let sent = self.carry(Direction::Sent, at, &mut from_party, &mut far.writer);
                let received = self.carry(Direction::Received, at, &mut far.reader, &mut to_party);
                tokio::select! {
                    biased;
                    () = self.until(|state| state.vanished > vanished) => true,
                    // An error is the end of it all; otherwise both sides have ended in good order.
                    _ = async { tokio::try_join!(biased; sent, received) } => false,
                }
            };
            tokio::select! {
                biased;
                () = self.until(|state| state.cuts > cuts) => {}
                has_vanished = carrying => if has_vanished {
                    let most = self.state().given_up_after;
                    let both = join(swallow(&mut from_party), swallow(&mut far.reader));
                    let _ = timeout(most, both).await;
                }
            }
        });
        Ok(halves)
    }

    /// Carries bytes in one direction until their end, or until they break where `at` says; not if
    /// something has been healed more often by then than it says.
    async fn carry<R, W>(
        &self,
        direction: Direction,
        at: Option<(Break, u64)>,
        reader: R,
        writer: W,
    ) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let at = at.filter(|(at, _)| at.direction == direction);
        let (sender, pieces) = mpsc::channel(UNDER_WAY);
        let taking = self.take(reader, sender);
        let giving = self.give(direction, at, pieces, writer);
        tokio::try_join!(biased; taking, giving).map(|_| ())
    }

    async fn take<R>(&self, mut reader: R, sender: mpsc::Sender<(Instant, Bytes)>) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
    {
        loop {
            let mut piece = BytesMut::with_capacity(PIECE);
            // A stream that breaks at the other end ends here, too.
            let read = reader.read_buf(&mut piece).await.unwrap_or(0);
            let due = Instant::now() + self.state().delay;
            if sender.send((due, piece.freeze())).await.is_err() || read == 0 {
                return Ok(());
            }
        }
    }

    async fn give<W>(
        &self,
        direction: Direction,
        at: Option<(Break, u64)>,
        mut pieces: mpsc::Receiver<(Instant, Bytes)>,
        mut writer: W,
    ) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        let (mut left, heals) = at.map(|(at, heals)| (at.after, heals)).unzip();
        while let Some((due, mut piece)) = pieces.recv().await {
            sleep_until(due).await;
            self.until(|state| !state.is_stalled(direction)).await;
            left = left.filter(|_| heals == Some(self.state().heals));
            if piece.is_empty() {
                return writer.shutdown().await;
            }
            let is_last = spend(&mut left, &mut piece);
            let limit = self.state().bytes_a_second;
            if let Some(limit) = limit {
                let seconds = piece.len() as f64 / f64::from(limit.max(1));
                sleep(Duration::from_secs_f64(seconds)).await;
            }
            writer.write_all(&piece).await?;
            if is_last {
                writer.flush().await?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
        Ok(())
    }
}

/// Takes what comes, and lets nobody know that it is gone.
async fn swallow(reader: &mut (impl AsyncRead + Unpin)) {
    // A stream that breaks has ended, too.
    let _ = tokio::io::copy(reader, &mut tokio::io::sink()).await;
}

/// Takes off what passes, and cuts the piece to it; `true` if nothing passes after it.
fn spend(left: &mut Option<Amount>, piece: &mut Bytes) -> bool {
    match left {
        None => false,
        Some(Amount::Bytes(bytes)) => {
            let passes = usize::try_from(*bytes).map_or(piece.len(), |most| most.min(piece.len()));
            piece.truncate(passes);
            *bytes -= passes as u64;
            *bytes == 0
        }
        Some(Amount::Pieces(0)) => {
            piece.clear();
            true
        }
        Some(Amount::Pieces(pieces)) => {
            *pieces -= 1;
            *pieces == 0
        }
    }
}

/// A way to a Jabber server with faults in the bytes.
#[derive(Debug, Clone)]
pub struct FaultyDial {
    inner: Arc<dyn Dial>,
    wire: Wire,
}

impl FaultyDial {
    /// Dials `inner`, with the faults that `wire` steers.
    #[must_use]
    pub fn new(inner: Arc<dyn Dial>, wire: Wire) -> Self {
        Self { inner, wire }
    }
}

impl Dial for FaultyDial {
    fn dial(&self) -> LocalBoxFuture<'static, io::Result<Halves>> {
        Box::pin(self.wire.clone().dial(Arc::clone(&self.inner)))
    }

    fn address(&self) -> String {
        self.inner.address()
    }
}
