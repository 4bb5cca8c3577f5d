namespace BoxerMpi.Launcher.Processes;

/// <summary>Copies the launcher's standard input to every rank (<c>--stdin all</c>).</summary>
/// <remarks>A rank that does not read holds the others up once its pipe is full; a rank that has ended does not.</remarks>
internal sealed class StandardInputFeeder
{
    private readonly List<Pipe> _pipes = [];

    /// <summary>A descriptor for one rank to read from; close it with <see cref="Pipe.CloseReadEnd"/> once the rank has it.</summary>
    public Pipe Add()
    {
        Pipe pipe = Pipe.Create();
        _pipes.Add(pipe);
        return pipe;
    }

    /// <summary>All ranks are there: starts copying.</summary>
    public void Start() => new Thread(Copy, 256 * 1024) { IsBackground = true, Name = "standard input" }.Start();

    private void Copy()
    {
        byte[] chunk = new byte[16 * 1024];
        while (_pipes.Count > 0 && Pipe.Read(0, chunk) is > 0 and int count)
        {
            for (int i = _pipes.Count - 1; i >= 0; i--)
            {
                if (_pipes[i].TryWrite(chunk.AsSpan(0, count)))
                    continue;
                _pipes[i].Dispose();
                _pipes.RemoveAt(i);
            }
        }

        foreach (Pipe pipe in _pipes)
            pipe.Dispose();
    }
}
