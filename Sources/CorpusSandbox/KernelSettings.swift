import Foundation

/// The kernel's switches for user name spaces, which decide whether bubblewrap works.
struct KernelSettings: Sendable {
    /// `/proc/sys`, or a stand-in.
    let folder: String

    /// Names what kept a cell from standing, given what bubblewrap or the kernel said, and the command that helps.
    func explain(_ words: String) -> Obstacle {
        if value(of: "user/max_user_namespaces") == 0 {
            return Obstacle(
                "the kernel allows no user name spaces (`user.max_user_namespaces` is 0)",
                fix: "sudo sysctl -w user.max_user_namespaces=15000"
            )
        }
        if value(of: "kernel/unprivileged_userns_clone") == 0 {
            return Obstacle(
                "the kernel allows user name spaces to root only (`kernel.unprivileged_userns_clone` is 0)",
                fix: "sudo sysctl -w kernel.unprivileged_userns_clone=1"
            )
        }
        if words.contains("Unknown option") {
            return Obstacle(
                "bubblewrap is older than 0.6: \(Self.line(words))",
                fix: "use Debian 12, Ubuntu 22.04 or later, or build bubblewrap 0.6 or later from source"
            )
        }
        if words.contains("mount proc") {
            return Obstacle(
                "this container hides parts of `/proc`, so none can be mounted in a cell: \(Self.line(words))",
                fix: "docker run --security-opt systempaths=unconfined …"
            )
        }
        let isDenied =
            words.contains("permission") || words.contains("not permitted") || words.contains("denied")
        if isDenied, value(of: "kernel/apparmor_restrict_unprivileged_userns") == 1 {
            return Obstacle(
                "AppArmor keeps bubblewrap from making user name spaces: \(Self.line(words))",
                fix: "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
            )
        }
        if isDenied {
            return Obstacle(
                "something forbids name spaces here, as container profiles do: \(Self.line(words))",
                fix: "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined …"
            )
        }
        return Obstacle("a trial run failed: \(Self.line(words))", fix: nil)
    }

    private func value(of name: String) -> Int? {
        let text = try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
        return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    private static func line(_ words: String) -> String {
        words.split(separator: "\n").joined(separator: "; ")
    }
}
