/// How patient a client is.
package struct RetryPolicy: Sendable, Hashable {
    /// The longest first wait; each further one may be twice as long.
    package var base: Duration = .milliseconds(500)
    /// The longest wait that is not the endpoint's wish.
    package var longest: Duration = .seconds(30)
    /// The longest wait that an endpoint may ask for; a longer wish stops the run.
    package var longestWish: Duration = .seconds(300)
    /// How many times a request is sent whose replies arrive and are unusable: each was paid for.
    package var unusableReplies = 3
    /// How long a request waits in all for a server that is loading its model or has too much to do.
    package var patience: Duration = .seconds(600)
    /// After so many different requests without a reply, in a row, the endpoint counts as down.
    ///
    /// Each of them has been sent several times over several seconds by then.
    package var failuresUntilDown = 5
    /// After so many different requests that were refused for what they are, and none that was answered, the run stops.
    package var refusalsUntilDoomed = 10

    package init() {}
}
