using System.Runtime.CompilerServices;

namespace BoxerMpi;

// Arguments are checked before anything is sent.
public partial class Communicator
{
    private void CheckSend(int destination, int tag, [CallerArgumentExpression(nameof(destination))] string name = "")
    {
        ThrowIfDisposed();
        if ((uint)destination >= (uint)Size && destination != NoRank)
            throw NoSuchRank(name, destination, advice: ".");
        if (tag < 0)
            throw new ArgumentOutOfRangeException(nameof(tag), tag, "A message's tag is zero or more.");
    }

    private void CheckReceive(int source, int tag, [CallerArgumentExpression(nameof(source))] string name = "")
    {
        ThrowIfDisposed();
        if ((uint)source >= (uint)Size && source is not (AnySource or NoRank))
            throw NoSuchRank(name, source, advice: "; Communicator.AnySource receives from all.");
        if (tag < AnyTag)
            throw new ArgumentOutOfRangeException(nameof(tag), tag, "A tag is zero or more; Communicator.AnyTag receives all.");
    }

    private ArgumentOutOfRangeException NoSuchRank(string name, int rank, string advice) =>
        new(name, rank, $"\"{Name}\" has ranks 0 to {Size - 1}{advice}");

    internal TimeSpan TimeoutOr(TimeSpan? timeout)
    {
        if (timeout is not { } given)
            return Timeout;
        return given > TimeSpan.Zero || given == System.Threading.Timeout.InfiniteTimeSpan
            ? given
            : throw new ArgumentOutOfRangeException(nameof(timeout), given, "A timeout is positive, or Timeout.InfiniteTimeSpan.");
    }

    private static void CheckOverlap<T>(ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged
    {
        if (send.Overlaps(receive))
            throw new ArgumentException("The send and the receive buffer overlap; use SendReceiveReplace for one buffer.", nameof(receive));
    }
}
