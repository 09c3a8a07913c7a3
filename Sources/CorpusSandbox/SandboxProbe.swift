import CorpusKit
import Foundation

/// What a machine can do to keep untrusted programs apart.
public struct SandboxReport: Sendable, Hashable {
    /// The level that runs get; nil when they are refused.
    public let level: IsolationLevel?
    /// Why it is this level, in one sentence without a full stop.
    public let reason: String
    /// The one command, or else one sentence, that raises the level; nil when nothing more is to be had.
    public let fix: String?

    /// Creates a report.
    public init(level: IsolationLevel?, reason: String, fix: String? = nil) {
        self.level = level
        self.reason = reason
        self.fix = fix
    }
}

/// Finds out, by trying, which level of isolation a machine gives, and makes the sandbox of that level.
public struct SandboxProbe: Sendable {
    /// Where bubblewrap is expected.
    public let bubblewrap: String
    /// Where the program is expected that keeps cells.
    public let keeper: String
    /// Whether programs may run without walls where no level can be had; `--unsafe-no-sandbox`.
    public let allowsUnsafe: Bool
    /// The most cells at a time.
    public let width: Int
    private let settings: KernelSettings
    private let searchPath: [String]

    /// Creates a probe.
    ///
    /// - Parameters:
    ///   - bubblewrap: Where bubblewrap is.
    ///   - keeper: Where `corpusmith-cell` is; nil for beside the running program.
    ///   - allowsUnsafe: Whether to run programs without walls where no level can be had.
    ///   - width: The most cells at a time, at least 1; nil for one a core.
    ///   - searchPath: Folders to look for interpreters in when they are not under `/usr`; nil for `PATH`.
    public init(
        bubblewrap: String = "/usr/bin/bwrap",
        keeper: String? = nil,
        allowsUnsafe: Bool = false,
        width: Int? = nil,
        searchPath: [String]? = nil
    ) {
        self.init(
            bubblewrap: bubblewrap,
            keeper: keeper,
            allowsUnsafe: allowsUnsafe,
            width: width,
            searchPath: searchPath,
            settings: KernelSettings(folder: "/proc/sys")
        )
    }

    init(
        bubblewrap: String,
        keeper: String? = nil,
        allowsUnsafe: Bool = false,
        width: Int? = nil,
        searchPath: [String]? = nil,
        settings: KernelSettings
    ) {
        self.bubblewrap = bubblewrap
        self.keeper = keeper ?? KeeperProgram.expectedPath
        self.allowsUnsafe = allowsUnsafe
        self.width = max(1, width ?? ProcessInfo.processInfo.activeProcessorCount)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        self.searchPath =
            searchPath ?? path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        self.settings = settings
    }

    /// What `corpusmith doctor` prints; runs one small program in a cell.
    public func report() async -> SandboxReport { await attempt().report }

    /// The sandbox of the best level that can be had.
    ///
    /// - Parameter minimum: The lowest level that will do, a recipe's `min_isolation`.
    /// - Returns: A sandbox that has proved its walls in a trial run.
    /// - Throws: ``WorkFailure`` with `no-sandbox`, which stops the run, when the level is refused or too low.
    public func sandbox(atLeast minimum: IsolationLevel = .none) async throws -> CellSandbox {
        let (report, backend) = await attempt()
        guard let level = report.level, let backend else {
            throw WorkFailure(
                "no-sandbox",
                "untrusted programs cannot be run safely: \(report.reason)",
                hint: report.fix,
                stopsRun: true
            )
        }
        guard level >= minimum else {
            throw WorkFailure(
                "no-sandbox",
                "the sandbox level is `\(level.rawValue)` and the recipe asks for `\(minimum.rawValue)`",
                hint: report.fix ?? "lower `sandbox: { min_isolation: … }` or run on another machine",
                stopsRun: true
            )
        }
        return CellSandbox(backend: backend, searchPath: searchPath)
    }

    private func attempt() async -> (report: SandboxReport, backend: (any CellBackend)?) {
        let lack: Obstacle
        switch await outcome({ try await keptBackend() }) {
        case .success(let backend):
            let reason =
                "programs run in cells that stay, each with name spaces, a system-call filter and limits of its own"
            return (SandboxReport(level: .full, reason: reason), backend)
        case .failure(let found): lack = found
        }
        let obstacle: Obstacle
        switch await outcome({ try await walledBackend() }) {
        case .success(let backend):
            let reason =
                "bubblewrap gives every program name spaces, a system-call filter and limits of its own; cells that stay cannot be had: \(lack.reason)"
            return (SandboxReport(level: .oneshot, reason: reason, fix: lack.fix), backend)
        case .failure(let found): obstacle = found
        }
        guard allowsUnsafe, let backend = try? CellLoop(launcher: UnwalledLauncher(), width: width) else {
            return (SandboxReport(level: nil, reason: obstacle.reason, fix: obstacle.fix), nil)
        }
        let reason = "programs run without walls, as `--unsafe-no-sandbox` allows: \(obstacle.reason)"
        return (SandboxReport(level: IsolationLevel.none, reason: reason, fix: obstacle.fix), backend)
    }

    private func outcome(
        _ make: () async throws -> any CellBackend
    ) async -> Result<any CellBackend, Obstacle> {
        do {
            return .success(try await make())
        } catch let found as Obstacle {
            return .failure(found)
        } catch {
            return .failure(Obstacle("the trial run failed: \(error)", fix: nil))
        }
    }

    /// Cells that stay.
    private func keptBackend() async throws -> any CellBackend {
        guard FileManager.default.fileExists(atPath: keeper) else {
            throw Obstacle("there is no `\(keeper)`", fix: "put `corpusmith-cell` beside `corpusmith`")
        }
        do {
            let backend = try CellLoop(keeper: KeeperProgram(path: keeper), width: width)
            let outcome = try await backend.outcome(of: WallInspection.task)
            guard let gap = WallInspection.gap(in: outcome) else { return backend }
            throw Obstacle("a trial run found a gap: \(gap)", fix: nil)
        } catch let fault as CellFault {
            throw settings.explain(fault.description)
        }
    }

    private func walledBackend() async throws -> any CellBackend {
        guard FileManager.default.isExecutableFile(atPath: bubblewrap) else {
            throw Obstacle("there is no `\(bubblewrap)`", fix: "sudo apt-get install bubblewrap")
        }
        var unusable: Set<BubblewrapLauncher.Option> = []
        while true {
            let backend: CellLoop
            do throws(CellFault) {
                let launcher = try BubblewrapLauncher(path: bubblewrap, without: unusable)
                backend = try CellLoop(launcher: launcher, width: width)
            } catch {
                throw Obstacle("\(error)", fix: nil)
            }
            do {
                let outcome = try await backend.outcome(of: WallInspection.task)
                guard let gap = WallInspection.gap(in: outcome) else { return backend }
                throw Obstacle(
                    "a trial run found a gap: \(gap)",
                    fix: "sudo apt-get install --only-upgrade bubblewrap"
                )
            } catch let fault as CellFault {
                let option = BubblewrapLauncher.Option.unusable(inWords: fault.description)
                guard let option, unusable.insert(option).inserted else {
                    throw settings.explain(fault.description)
                }
            }
        }
    }
}

/// Why a level cannot be had.
struct Obstacle: Error, Hashable {
    let reason: String
    let fix: String?

    init(_ reason: String, fix: String?) {
        self.reason = reason
        self.fix = fix
    }
}
