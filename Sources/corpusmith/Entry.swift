import CorpusCommands

@main
enum Entry {
    static func main() async { await Corpusmith.launch() }
}
