import CorpusDiagnostics

extension RecipeReader {
    /// Reads `ledger:`, the file that the runs of a campaign share.
    mutating func ledger(_ member: ConfigNode.Member?) -> Recipe.Located<String>? {
        guard let member, let path = text(member, "ledger") else { return nil }
        let last = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        if ["", ".", ".."].contains(last) {
            fault(
                "bad-value",
                "`ledger` must name a file, not `\(path)`",
                at: member.value.location,
                hint: "name the file that runs share, from the recipe's folder: `ledger: ../shared.sqlite`"
            )
        }
        return Recipe.Located(value: path, location: member.value.location)
    }
}
