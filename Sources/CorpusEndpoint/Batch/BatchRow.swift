import CorpusKit

/// A request on its way through batches.
struct BatchRow: Sendable {
    let key: ItemKey
    let request: ModelRequest
    let role: String
    /// The body of a single call, and the most that the row may take at the price of batches.
    let parcel: Lane.Parcel
    /// How many batches it has been in already.
    var attempts = 0
    /// Whether the budget holds its worst case.
    var isReserved = false

    var line: BatchLine { BatchLine(key: key.description, body: parcel.body) }
}

/// What one batch brought for a row.
struct RowEnd: Sendable {
    enum Outcome: Sendable {
        case reply(EndpointReply)
        case failure(CallFailure, Standing)
    }

    /// What a failure means for further tries, if its kind allows any.
    enum Standing: Sendable {
        /// One of the tries is used up.
        case counted
        /// The row was not at fault and has lost nothing but time.
        case uncounted
        /// There are no further tries.
        case final
    }

    let outcome: Outcome
    /// What was booked.
    var used = Amounts()
}
