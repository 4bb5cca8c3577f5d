namespace BoxerMpi.LambdaBootstrap;

/// <summary>Passes lines of the program on to the function's log, and keeps the last of them for the result.</summary>
internal sealed class OutputTail
{
    // A result may have 6 MiB; ranks that say more than this have it in the function's log.
    private const int MostCharacters = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();
    private int _characters;

    public async Task FollowAsync(StreamReader reader, TextWriter log)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_gate)
            {
                log.WriteLine(line);
                string kept = line.Length < MostCharacters ? line : line[^(MostCharacters - 1)..];
                _lines.Enqueue(kept);
                _characters += kept.Length + 1;
                while (_characters > MostCharacters)
                    _characters -= _lines.Dequeue().Length + 1;
            }
        }
    }

    public override string ToString()
    {
        lock (_gate)
            return string.Concat(_lines.Select(line => line + "\n"));
    }
}
