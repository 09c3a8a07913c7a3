import CorpusKit
import CorpusPipeline
import Foundation

/// Tells how a run goes: one redrawn line on a terminal, one plain line every ten seconds elsewhere.
final class Progress {
    private let isQuiet: Bool
    private let isInteractive: Bool
    private let seeds: Int?
    private let started: Double
    private let now: @Sendable () -> Double
    private var shown = 0.0

    init(isQuiet: Bool, seeds: Int?, now: @escaping @Sendable () -> Double) {
        self.isQuiet = isQuiet
        self.seeds = seeds
        self.now = now
        isInteractive = Terminal.isInteractive
        started = now()
        shown = started
    }

    /// Shows figures, unless some were shown just now.
    func update(_ figures: Figures) {
        guard !isQuiet, now() - shown >= (isInteractive ? 0.2 : 10) else { return }
        shown = now()
        let line = text(figures)
        Terminal.tellRaw(isInteractive ? "\r\u{1B}[K\(line.prefix(width - 1))" : line + "\n")
    }

    /// Clears the redrawn line.
    func finish() {
        if !isQuiet, isInteractive { Terminal.tellRaw("\r\u{1B}[K") }
    }

    /// The line itself, in the words of the trade.
    func text(_ figures: Figures) -> String {
        var parts = [
            "\(Amount.count(figures.seeds))\(seeds.map { "/\(Amount.count($0))" } ?? "") "
                + nounOf(seeds ?? figures.seeds, "seed")
        ]
        parts.append(Amount.count(figures.drafts, "draft"))
        let reasons = figures.dropped.merging(figures.failed) { $0 + $1 }
        for (reason, count) in reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(4) {
            parts.append("\(Amount.count(count)) \(reason)")
        }
        if figures.exported > 0 { parts.append("\(Amount.count(figures.exported)) exported") }
        parts.append(Amount.count(figures.calls, "call"))
        parts.append(Amount.short(figures.tokens, "token"))
        parts.append(Amount.time(now() - started))
        return parts.joined(separator: " · ")
    }

    private var width: Int {
        var size = winsize()
        let known = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20
        return known ? Int(size.ws_col) : 100
    }
}
