//! What a client sends, part by part.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::Stream;
use opensrf::xml::{Frame, Framer, XmlError};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Why no more frames come.
#[derive(Debug)]
pub(super) enum Unreadable {
    Xml(XmlError),
    Broken(String),
}

/// What the client sends, part by part.
pub(super) struct Frames {
    reader: Box<dyn AsyncRead + Send + Unpin>,
    framer: Rc<RefCell<Framer>>,
    state: Reading,
}

enum Reading {
    On,
    /// What came is no XML; what comes is thrown away until the client closes the connection. Left
    /// unread, it would make the system reset the connection, and the client might not learn why.
    Deaf,
    Over,
}

impl Frames {
    /// The parts that `framer` finds in what `reader` brings.
    pub(super) fn new(
        reader: Box<dyn AsyncRead + Send + Unpin>,
        framer: Rc<RefCell<Framer>>,
    ) -> Self {
        Self {
            reader,
            framer,
            state: Reading::On,
        }
    }
}

impl Stream for Frames {
    type Item = Result<Frame, Unreadable>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        match this.state {
            Reading::On | Reading::Deaf => {}
            Reading::Over => return Poll::Ready(None),
        }
        let mut framer = this.framer.borrow_mut();
        loop {
            match (&this.state, framer.next_frame()) {
                (Reading::Deaf, _) => framer.buffer().clear(),
                (_, Ok(Some(frame))) => return Poll::Ready(Some(Ok(frame))),
                (_, Ok(None)) => {}
                (_, Err(error)) => {
                    this.state = Reading::Deaf;
                    return Poll::Ready(Some(Err(Unreadable::Xml(error))));
                }
            }
            // Nothing is lost when this future is dropped before it is ready.
            let reading = pin!(this.reader.read_buf(framer.buffer()));
            match std::task::ready!(reading.poll(cx)) {
                Ok(0) => {
                    this.state = Reading::Over;
                    return Poll::Ready(None);
                }
                Ok(_) => {}
                Err(error) => {
                    this.state = Reading::Over;
                    return Poll::Ready(Some(Err(Unreadable::Broken(error.to_string()))));
                }
            }
        }
    }
}
