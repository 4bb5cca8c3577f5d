// boxer run -n 4 examples/WordCount [FILE]
//
// The word count of every textbook: each rank counts the words of its part of the lines, sends every word's count to the rank that owns
// the word (an all-to-all of dictionaries), adds up what it gets, and rank 0 gathers the most frequent ones. Without a file the text is
// made up. Rank 0 counts the whole text alone and compares: exit code 0 or 1.
using BoxerMpi;

return MpiProgram.Run(world =>
{
    string[] lines;
    try
    {
        lines = args.Length > 0 ? File.ReadAllLines(args[0]) : WordCount.MadeUp(lines: 4000);
    }
    catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
    {
        return world.Quit(2, $"wordcount: {exception.Message}");
    }

    int first = (int)((long)lines.Length * world.Rank / world.Size), end = (int)((long)lines.Length * (world.Rank + 1) / world.Size);
    Dictionary<string, long> mine = WordCount.Count(lines[first..end]);

    Dictionary<string, long>[] parts = [.. Enumerable.Range(0, world.Size).Select(_ => new Dictionary<string, long>())];
    foreach ((string word, long count) in mine)
        parts[WordCount.OwnerOf(word, world.Size)].Add(word, count);
    Dictionary<string, long> owned = [];
    foreach (Dictionary<string, long>? part in world.AllToAllObject(parts))
    {
        foreach ((string word, long count) in part!)
            owned[word] = owned.GetValueOrDefault(word) + count;
    }

    // The most frequent words of all are among the most frequent of each owner.
    long words = world.AllReduce(owned.Values.Sum(), ReduceOp<long>.Sum);
    long different = world.AllReduce((long)owned.Count, ReduceOp<long>.Sum);
    KeyValuePair<string, long>[]?[] candidates = world.GatherObject(WordCount.Top(owned));
    if (world.Rank != 0)
        return 0;

    KeyValuePair<string, long>[] top = WordCount.Top(candidates.SelectMany(candidate => candidate!));
    Dictionary<string, long> alone = WordCount.Count(lines);
    bool correct = words == alone.Values.Sum() && different == alone.Count && top.SequenceEqual(WordCount.Top(alone));
    foreach ((string word, long count) in top)
        Console.WriteLine($"{count,8} {word}");
    Console.WriteLine($"{words} words, {different} different, counted on {world.Size} ranks: {(correct ? "correct" : "WRONG")}");
    return correct ? 0 : 1;
});

internal static class WordCount
{
    private static readonly char[] Separators = [' ', '\t', '.', ',', ';', ':', '!', '?', '"', '(', ')'];

    public static Dictionary<string, long> Count(string[] lines)
    {
        Dictionary<string, long> counts = [];
        foreach (string line in lines)
        {
            foreach (string word in line.Split(Separators, StringSplitOptions.RemoveEmptyEntries))
            {
                string key = word.ToLowerInvariant();
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }
        }

        return counts;
    }

    public static KeyValuePair<string, long>[] Top(IEnumerable<KeyValuePair<string, long>> counts) =>
        [.. counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal).Take(10)];

    /// <summary>The same on every rank, which string.GetHashCode is not. FNV-1a.</summary>
    public static int OwnerOf(string word, int ranks)
    {
        uint hash = 2166136261;
        foreach (char letter in word)
            hash = (hash ^ letter) * 16777619;
        return (int)(hash % (uint)ranks);
    }

    /// <summary>Words of which the n-th is about 1/n as frequent as the first, as in real texts.</summary>
    public static string[] MadeUp(int lines)
    {
        Random random = new(20210);
        string[] text = new string[lines];
        for (int i = 0; i < lines; i++)
            text[i] = string.Join(' ', Enumerable.Range(0, 12).Select(_ => $"word{(int)Math.Exp(random.NextDouble() * 8)}")) + ".";
        return text;
    }
}
