/// Looks at a cell from the inside and says which promised wall is missing.
enum WallInspection {
    private static let processes = 64

    /// Reads what the kernel says about a process in a cell.
    static let task = CellTask(
        command: [
            "/bin/cat", "/proc/self/status", "/proc/self/limits", "/proc/self/mounts", "/proc/net/route",
        ],
        limits: CellLimits()
    )

    /// The first wall that is not there, or nil when all stand.
    static func gap(in outcome: CellOutcome) -> String? {
        guard outcome.ending == .exited(0) else {
            return
                "the program ended with \(outcome.ending): \(String(decoding: outcome.errors, as: UTF8.self))"
        }
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n").map {
            $0.split { $0 == " " || $0 == "\t" }.map(String.init)
        }
        for wall in walls where !lines.contains(where: { $0.starts(with: wall.words) }) { return wall.name }
        // A route: interface, destination and gateway in hexadecimal, and eight more. Interfaces alone prove
        // nothing, since some kernels give every name space sleeping tunnels.
        let hasRoute = lines.contains { $0.count == 11 && $0[1].count == 8 && $0[2].count == 8 }
        guard !hasRoute else { return "a network is in reach" }
        let writable = lines.filter { $0.count == 6 && $0[3].hasPrefix("rw") }.map { $0[1] }
        let open = writable.filter { !$0.hasPrefix("/proc") && !$0.hasPrefix("/dev/") && $0 != "/tmp" }
        return open.isEmpty ? nil : "`\(open[0])` can be written"
    }

    private static let walls: [(name: String, words: [String])] = [
        ("the system-call filter is off", ["Seccomp:", "2"]),
        ("programs may gain rights", ["NoNewPrivs:", "1"]),
        ("capabilities are left", ["CapEff:", "0000000000000000"]),
        ("capabilities can be had", ["CapBnd:", "0000000000000000"]),
        ("the number of processes is not limited", ["Max", "processes", "\(processes)", "\(processes)"]),
        ("the number of files is not limited", ["Max", "open", "files", "256", "256"]),
        ("memory is not limited", ["Max", "data", "size", "\(512 << 20)", "\(512 << 20)"]),
        ("file sizes are not limited", ["Max", "file", "size", "\(16 << 20)", "\(16 << 20)"]),
        ("core files are not limited", ["Max", "core", "file", "size", "0", "0"]),
    ]
}
