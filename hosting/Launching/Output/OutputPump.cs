using System.Collections.Concurrent;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Output;

/// <summary>The one thread that reads all ranks' pipes and writes the launcher's standard output and error.</summary>
/// <remarks>
/// When whoever reads the launcher's output is slow, this thread waits, the pipes fill and the ranks wait: nothing is
/// buffered without bound. The supervisor never writes itself, so a stuck terminal cannot keep it from ending a job.
/// </remarks>
internal sealed class OutputPump : IJobOutput
{
    private const int ReadBytes = 64 * 1024;

    private readonly OutputOptions _options;
    private readonly OutputWriter _writer;
    private readonly ConcurrentQueue<string> _messages = new();
    private readonly ConcurrentQueue<(int Descriptor, RankStream Stream)> _added = new();
    private readonly Pipe _wake = Pipe.Create();
    private readonly Thread _thread;
    private int _woken;
    private volatile bool _noMore;
    private volatile bool _abandoned;
    private bool _isFinished;

    public OutputPump(OutputOptions options)
    {
        _options = options;
        _writer = options.Writer(showsUnfinished: true);
        _thread = new Thread(Run) { IsBackground = true, Name = "output" };
        _thread.Start();
    }

    /// <summary>Reads a rank's streams to their ends; the pump closes the descriptors.</summary>
    public void Add(int rank, int output, int error)
    {
        (RankStream toOutput, RankStream toError) = _options.Open(rank);
        _added.Enqueue((output, toOutput));
        _added.Enqueue((error, toError));
        Wake();
    }

    public void Say(string text)
    {
        if (_isFinished)
        {
            _options.Say(text);
            return;
        }

        _messages.Enqueue(text);
        Wake();
    }

    /// <summary>A line was entered at the terminal.</summary>
    public void Entered() => _writer.Entered();

    /// <summary>Waits until all streams have ended and everything is written.</summary>
    public bool Finish(TimeSpan patience)
    {
        _noMore = true;
        Wake();
        return _isFinished = _thread.Join(patience);
    }

    /// <summary>Stops reading: what is left in the pipes belongs to processes that cannot be ended.</summary>
    public void Dispose()
    {
        _abandoned = true;
        Wake();
        if (_thread.Join(TimeSpan.FromSeconds(1)))
            _wake.Dispose();
    }

    /// <summary>One byte is in the pipe at most, so waking never blocks, even when the pump is stuck at a terminal.</summary>
    private void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0)
            _wake.TryWrite([0]);
    }

    private unsafe void Run()
    {
        byte[] chunk = new byte[ReadBytes];
        List<(int Descriptor, RankStream Stream)> streams = [];
        NativeMethods.PollDescriptor[] polled = [new() { Descriptor = _wake.ReadEnd, Events = NativeMethods.PollIn }];
        bool closedReported = false;
        bool changed = false;
        while (true)
        {
            // Order: noticing the end before taking the last messages, so that none is left behind.
            bool last = _noMore;
            while (_added.TryDequeue(out var added))
            {
                streams.Add(added);
                changed = true;
            }

            while (_messages.TryDequeue(out string? message))
                _writer.Say(message);
            int wait = _writer.ShowUnfinished();
            _writer.Flush();
            if (_writer.OutputClosed && !closedReported)
            {
                closedReported = true;
                _options.Closed();
            }

            if ((last && streams.Count == 0) || _abandoned)
                return;

            if (changed)
            {
                changed = false;
                polled = [polled[0], .. streams.Select(stream => new NativeMethods.PollDescriptor
                {
                    Descriptor = stream.Descriptor,
                    Events = NativeMethods.PollIn,
                })];
            }

            fixed (NativeMethods.PollDescriptor* first = polled)
                _ = NativeMethods.Poll(first, (nuint)polled.Length, wait);
            if (polled[0].Returned != 0)
            {
                _ = Pipe.Read(_wake.ReadEnd, chunk);
                Volatile.Write(ref _woken, 0);
            }

            // Backwards, because ended streams leave the list.
            for (int i = streams.Count - 1; i >= 0; i--)
            {
                if (polled[i + 1].Returned != 0 && !Pull(streams[i].Descriptor, streams[i].Stream, chunk))
                {
                    streams.RemoveAt(i);
                    changed = true;
                }
            }
        }
    }

    private bool Pull(int descriptor, RankStream stream, byte[] chunk)
    {
        int count = Pipe.Read(descriptor, chunk);
        if (count > 0)
        {
            _writer.Accept(stream, chunk.AsSpan(0, count));
            return true;
        }

        _writer.End(stream);
        if (stream.FileError is { } failure)
            _writer.Say($"boxer: a file of --output-dir is incomplete: {failure}");
        _ = NativeMethods.Close(descriptor);
        return false;
    }
}
