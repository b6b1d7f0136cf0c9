//! What a client sends, part by part.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::Stream;
use opensrf::xml::{Frame, Framer, XmlError};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::transport::Signs;

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
    signs: Rc<Signs>,
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
    /// The parts that `framer` finds in what `reader` brings; `signs` learns when it brings something.
    pub(super) fn new(
        reader: Box<dyn AsyncRead + Send + Unpin>,
        framer: Rc<RefCell<Framer>>,
        signs: Rc<Signs>,
    ) -> Self {
        Self {
            reader,
            framer,
            signs,
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
            let Poll::Ready(read) = reading.poll(cx) else {
                this.signs.listen();
                return Poll::Pending;
            };
            this.signs.hear();
            match read {
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
