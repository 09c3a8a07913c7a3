import Foundation
import GRDB

/// A ledger that cannot be opened, read or written.
package struct LedgerProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, for programs.
    package enum Code: String, Sendable, Hashable {
        /// Another process works in this run's folder.
        case busy = "ledger-busy"
        /// Another process works with a ledger that runs share.
        case sharedBusy = "ledger-shared-busy"
        /// The file is no ledger of ours.
        case foreign = "ledger-foreign"
        /// Runs share it, and it is none of theirs.
        case shared = "ledger-shared"
        /// A newer program wrote it.
        case future = "ledger-newer"
        /// An older program wrote it, and this one only wants to look.
        case older = "ledger-older"
        /// Its pages do not fit together.
        case damaged = "ledger-damaged"
        /// The disk is full.
        case full = "disk-full"
        /// Not allowed to read or write it.
        case denied = "ledger-denied"
        /// It is not there.
        case missing = "ledger-missing"
        /// A body that is needed was dropped by `ledger vacuum`.
        case dropped = "body-dropped"
        /// Anything else SQLite reports.
        case other = "ledger-error"
    }

    package let code: Code
    /// One sentence without a full stop.
    package let description: String
    package let hint: String?

    /// Whether the file is there and nothing was written to it yet.
    package private(set) var isBlank = false

    /// Whether it passes when another process ends.
    package var isBusy: Bool { code == .busy || code == .sharedBusy }

    package init(_ code: Code, _ description: String, hint: String? = nil) {
        self.code = code
        self.description = description
        self.hint = hint
    }

    package static func noLedger(at path: String) -> LedgerProblem {
        let shards = (path as NSString).deletingLastPathComponent + "/shards"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: shards))?.sorted() ?? []
        return LedgerProblem(
            .missing,
            "there is no ledger at `\(path)`",
            hint: names.first.map {
                "the run has shards that were not merged yet: name one of them, such as `\(shards)/\($0)`"
            } ?? "name the folder of a run, such as `output/quickstart`"
        )
    }

    static func noRun(in path: String) -> LedgerProblem {
        LedgerProblem(.missing, "the ledger `\(path)` holds no run")
    }

    static func blank(_ path: String) -> LedgerProblem {
        var problem = LedgerProblem(
            .foreign,
            "there is nothing in the ledger `\(path)`",
            hint: "who began it was killed at once: give the same command again"
        )
        problem.isBlank = true
        return problem
    }

    static func shared(_ path: String) -> LedgerProblem {
        LedgerProblem(
            .shared,
            "`\(path)` is a shared ledger, and not that of a run",
            hint: "`corpusmith ledger stats \(path)` says what is in it"
        )
    }

    static func diskFull(_ path: String) -> LedgerProblem {
        LedgerProblem(
            .full,
            "the disk is full: cannot write the ledger `\(path)`",
            hint: "make room and run the same command again; what is on the ledger is not bought again"
        )
    }

    static func dropped(_ model: String, _ path: String) -> LedgerProblem {
        LedgerProblem(
            .dropped,
            "a reply of `\(model)` is needed that `ledger vacuum` dropped from the ledger `\(path)`; it would have to be bought "
                + "again",
            hint:
                "bring the replies back with `corpusmith ledger import RUN --from FILE`, or buy all anew with another `--output`"
        )
    }

    /// Says what a database error means for the user.
    init(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else {
            self.init(.other, "cannot use the ledger `\(path)`: \(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_FULL:
            self = .diskFull(path)
        case .SQLITE_CORRUPT:
            self.init(
                .damaged,
                "the ledger `\(path)` is damaged: \(error.message ?? "its pages do not fit together")",
                hint: "restore it from a copy, or move the run's folder away to start anew"
            )
        case .SQLITE_NOTADB:
            self.init(.foreign, "`\(path)` is no ledger", hint: "move it away: a run makes its own")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN, .SQLITE_AUTH:
            self.init(
                .denied,
                "cannot write the ledger `\(path)`: \(error.message ?? "permission denied")",
                hint: "check who owns the run's folder"
            )
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(.busy, "another process holds the ledger `\(path)`")
        case .SQLITE_IOERR:
            self.init(
                .other,
                "reading or writing the ledger `\(path)` failed: \(error.message ?? "input/output error")"
            )
        default: self.init(.other, "the ledger `\(path)` reports: \(error.message ?? "an error")")
        }
    }
}
