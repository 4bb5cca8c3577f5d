namespace BoxerMpi.Launching.Output;

/// <summary>Prints what comes from streams of .NET: a reading thread for each.</summary>
internal sealed class StreamOutput(OutputOptions options) : IJobOutput
{
    private readonly Lock _gate = new();
    private readonly OutputWriter _writer = options.Writer(showsUnfinished: false);
    private readonly List<Thread> _readers = [];

    /// <summary>Reads a rank's streams to their ends.</summary>
    public void Add(int rank, Stream output, Stream error)
    {
        (RankStream toOutput, RankStream toError) = options.Open(rank);
        Read(output, toOutput);
        Read(error, toError);
    }

    public void Say(string text)
    {
        lock (_gate)
        {
            _writer.Say(text);
            _writer.Flush();
        }
    }

    public bool Finish(TimeSpan patience) => _readers.TrueForAll(reader => reader.Join(patience));

    public void Dispose()
    {
    }

    private void Read(Stream source, RankStream stream)
    {
        Thread reader = new(() =>
        {
            byte[] chunk = new byte[64 * 1024];
            int count;
            while ((count = source.Read(chunk)) > 0)
            {
                lock (_gate)
                {
                    _writer.Accept(stream, chunk.AsSpan(0, count));
                    _writer.Flush();
                    if (_writer.OutputClosed)
                        options.Closed();
                }
            }

            lock (_gate)
            {
                _writer.End(stream);
                _writer.Flush();
            }
        })
        { IsBackground = true };
        _readers.Add(reader);
        reader.Start();
    }
}
