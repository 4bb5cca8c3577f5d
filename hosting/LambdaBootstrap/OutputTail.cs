using System.Text;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>The last of what a program wrote, for the result.</summary>
internal sealed class OutputTail
{
    // A result may have 6 MiB; ranks that say more than this have it in the function's log.
    private const int MostBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _pieces = new();
    private int _bytes;

    public void Add(ReadOnlySpan<byte> piece)
    {
        lock (_gate)
        {
            _pieces.Enqueue(piece.ToArray());
            _bytes += piece.Length;
            while (_bytes > MostBytes)
                _bytes -= _pieces.Dequeue().Length;
        }
    }

    public override string ToString()
    {
        lock (_gate)
            return Encoding.UTF8.GetString([.. _pieces.SelectMany(piece => piece)]);
    }
}
