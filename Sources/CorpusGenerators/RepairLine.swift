import CorpusKit

/// One solution on its way through its repairs; a plain record of what happened, asked by ``SelfCorrection``.
struct RepairLine: Sendable {
    struct Repair: Sendable {
        let report: String
        let diagnosis: String
        let code: String
    }

    /// The code that the line began with.
    let first: String
    /// Every repair, in order; unchanged ones are not among them.
    private(set) var repairs: [Repair] = []
    /// How many repairs in a row changed nothing.
    private(set) var repeats = 0
    /// How many repairs were asked for.
    private(set) var revisions = 0
    /// Whether the newest code was there before, in an earlier revision than the last.
    private(set) var isCircling = false

    private let language: String

    init(code: String, language: String) {
        first = code
        self.language = language
    }

    /// The newest code.
    var code: String { repairs.last?.code ?? first }

    /// Whether two repairs in a row changed nothing: asking on would be waste.
    var isStuck: Bool { repeats >= 2 }

    /// Takes the next repair.
    mutating func take(_ code: String, diagnosis: String, report: String) {
        revisions += 1
        let form = form(code)
        guard form != self.form(self.code) else {
            repeats += 1
            return
        }
        repeats = 0
        isCircling = ([first] + repairs.map(\.code)).contains { self.form($0) == form }
        repairs.append(Repair(report: report, diagnosis: diagnosis, code: code))
    }

    /// What tells one program from another, whatever its layout.
    private func form(_ code: String) -> [String] { CodeForm.lines(of: code, language: language) }
}
