import CorpusDiagnostics
import CorpusModel

extension RecipeReader {
    /// How many replies one request may ask for, where the API can give several and each needs no seed of its own.
    mutating func samplesPerCall(
        _ parts: [String: ConfigNode.Member],
        _ api: EndpointAPI,
        _ seed: ConfigNode.Member?
    ) -> Int {
        guard let entry = parts["samples_per_call"],
            let count = whole(entry, "samples_per_call", in: 1...128), count > 1
        else { return 1 }
        var reason: String?
        if parts["local"] != nil {
            reason = "a `local` model gives one reply at a time"
        } else if !api.givesChoices {
            reason = "the API `\(api.rawValue)` gives one reply at a time"
        } else if parts["batch"] != nil {
            reason = "rows of a batch have one reply each"
        } else if seed?.value.json == true {
            reason = "each reply has a seed of its own under `sampling: { seed: true }`"
        }
        if let reason {
            fault(
                "misplaced-key",
                "`samples_per_call` cannot be \(count) here: \(reason)",
                at: entry.keyLocation,
                hint: "leave it out"
            )
        }
        return count
    }
}
