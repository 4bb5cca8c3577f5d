using System.Runtime.CompilerServices;

namespace BoxerMpi;

/// <summary>What is known of a message that was received or probed.</summary>
/// <param name="Source">Rank that sent it, in the communicator.</param>
/// <param name="Tag">Its tag.</param>
/// <param name="ByteCount">Bytes received.</param>
public readonly record struct Status(int Source, int Tag, long ByteCount)
{
    /// <summary>The result of what is no message: of null among requests, and of a request that ended badly.</summary>
    public static Status Empty { get; } = new(Communicator.AnySource, Communicator.AnyTag, 0);

    /// <summary>What is known of a message from <see cref="Communicator.NoRank"/>.</summary>
    internal static Status OfNoRank { get; } = new(Communicator.NoRank, Communicator.AnyTag, 0);

    /// <summary>The number of elements of <typeparamref name="T"/> received.</summary>
    /// <exception cref="InvalidOperationException">The bytes are not a whole number of elements.</exception>
    public long Count<T>()
        where T : unmanaged
    {
        (long count, long rest) = Math.DivRem(ByteCount, Unsafe.SizeOf<T>());
        return rest == 0
            ? count
            : throw new InvalidOperationException(
                $"{ByteCount} bytes are not a whole number of {typeof(T).Name} of {Unsafe.SizeOf<T>()} bytes.");
    }
}
