//! Starts the program: the page in a window, nothing yet in a worker (see [`sociscope_web::worker`]).

fn main() {
    sociscope_web::start();
}
