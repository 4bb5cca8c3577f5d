using System.Collections.Concurrent;
using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Functions;

/// <summary>
/// The one thread that prints what functions write, the launcher's own lines, and on a terminal how far the start has come.
/// </summary>
/// <remarks>
/// When whoever reads the launcher's output is slow, functions wait: only so many pieces of output are taken before they are printed.
/// </remarks>
internal sealed class FunctionOutput : IJobOutput
{
    // Pieces of up to 32 KiB that wait to be printed.
    private const int MostPieces = 128;

    private readonly OutputWriter _writer;
    private readonly OutputOptions _options;
    private readonly BlockingCollection<Action> _work = [];
    private readonly SemaphoreSlim _room = new(MostPieces);
    private readonly bool _isTerminal = NativeMethods.IsUnix && NativeMethods.IsTerminal(2) == 1;
    private readonly Thread _thread;
    private string _progress = "";
    private bool _isShown;
    private bool _isFinished;

    public FunctionOutput(OutputOptions options)
    {
        _options = options;
        _writer = options.Writer(showsUnfinished: false);
        _thread = new Thread(Run) { IsBackground = true, Name = "output" };
        _thread.Start();
    }

    /// <summary>Takes what a rank has written; completes when it can take more.</summary>
    public async ValueTask WriteAsync(RankStream stream, ReadOnlyMemory<byte> bytes)
    {
        await _room.WaitAsync();
        byte[] copy = bytes.ToArray();
        Add(() =>
        {
            _writer.Accept(stream, copy);
            _room.Release();
        });
    }

    /// <summary>The rank writes no more.</summary>
    public void End(RankStream stream) => Add(() =>
    {
        _writer.End(stream);
        if (stream.FileError is { } failure)
            _writer.Say($"boxer: a file of --output-dir is incomplete: {failure}");
    });

    public void Say(string text)
    {
        if (_isFinished)
            _options.Say(text);
        else
            Add(() => _writer.Say(text));
    }

    /// <summary>
    /// Shows this below all lines in place of what was shown before; nothing for the empty text, or where there is no terminal.
    /// </summary>
    public void Show(string progress)
    {
        if (_isTerminal)
            Add(() => _progress = progress);
    }

    public bool Finish(TimeSpan patience)
    {
        _work.CompleteAdding();
        return _isFinished = _thread.Join(patience);
    }

    public void Dispose()
    {
        if (!_work.IsAddingCompleted)
            _work.CompleteAdding();
        if (!_thread.Join(TimeSpan.FromSeconds(1)))
            return;
        _work.Dispose();
        _room.Dispose();
    }

    private void Add(Action work)
    {
        try
        {
            _work.Add(work);
        }
        catch (InvalidOperationException)
        {
            // All that was to be printed has been: a lost function's last words come too late.
        }
    }

    private void Run()
    {
        bool isReported = false;
        foreach (Action work in _work.GetConsumingEnumerable())
        {
            Erase();
            work();

            // Lines leave together when more of them wait.
            if (_work.Count > 0)
                continue;
            _writer.Flush();
            Paint();
            if (_writer.OutputClosed && !isReported)
            {
                isReported = true;
                _options.Closed();
            }
        }

        Erase();
        _writer.Flush();
    }

    private void Erase()
    {
        if (_isShown)
            _ = Pipe.TryWrite(2, "\r\e[K"u8);
        _isShown = false;
    }

    private void Paint()
    {
        _isShown = _progress.Length > 0;
        if (_isShown)
            _ = Pipe.TryWrite(2, System.Text.Encoding.UTF8.GetBytes(_progress));
    }
}
