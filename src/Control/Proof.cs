using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace BoxerMpi.Control;

/// <summary>Proofs of knowing the job's token: HMAC-SHA256 over what was said, with both sides' nonces.</summary>
/// <remarks>
/// Every proof starts with a label of its own, so that none can be used in another's place, and covers the nonce that the
/// other side has just made, so that none can be replayed.
/// </remarks>
internal static class Proof
{
    public const int Bytes = HMACSHA256.HashSizeInBytes;
    public const int NonceBytes = 32;

    public static byte[] Nonce() => RandomNumberGenerator.GetBytes(NonceBytes);

    /// <summary>Proof of a joiner, follower, attendant or end of a relayed link, over everything that follows it in its message.</summary>
    public static void OfJoiner(
        ReadOnlySpan<byte> token, ControlKind kind, string jobId, ReadOnlySpan<byte> joinerNonce, ReadOnlySpan<byte> seedNonce, ReadOnlySpan<byte> body, Span<byte> proof) =>
        Compute(token, "boxer control joiner"u8, (byte)kind, jobId, joinerNonce, seedNonce, body, proof);

    /// <summary>Proof of the coordinator, over everything that follows it in its message.</summary>
    public static void OfSeed(
        ReadOnlySpan<byte> token, string jobId, ReadOnlySpan<byte> joinerNonce, ReadOnlySpan<byte> seedNonce, ReadOnlySpan<byte> body, Span<byte> proof) =>
        Compute(token, "boxer control seed"u8, (byte)ControlKind.Accepted, jobId, joinerNonce, seedNonce, body, proof);

    /// <summary>Proof of one end of a link; roles come from the ranks, never from who called whom.</summary>
    /// <param name="token">The job's secret.</param>
    /// <param name="ofLower">Whether it is the lower rank's.</param>
    /// <param name="link">The pair.</param>
    /// <param name="lowerNonce">What the lower rank has made for this connection.</param>
    /// <param name="higherNonce">What the higher rank has made for it.</param>
    /// <param name="proof">Takes the proof.</param>
    public static void OfLink(
        ReadOnlySpan<byte> token, bool ofLower, in LinkIdentity link, ReadOnlySpan<byte> lowerNonce, ReadOnlySpan<byte> higherNonce, Span<byte> proof)
    {
        Span<byte> body = stackalloc byte[44];
        BinaryPrimitives.WriteInt32LittleEndian(body, link.Lower);
        BinaryPrimitives.WriteInt32LittleEndian(body[4..], link.Higher);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], link.Epoch);
        link.LowerId.TryWriteBytes(body[12..]);
        link.HigherId.TryWriteBytes(body[28..]);
        Compute(token, "boxer link"u8, ofLower ? (byte)1 : (byte)2, link.JobId, lowerNonce, higherNonce, body, proof);
    }

    public static bool Same(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual) => CryptographicOperations.FixedTimeEquals(expected, actual);

    private static void Compute(
        ReadOnlySpan<byte> token, ReadOnlySpan<byte> label, byte role, string jobId, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> body, Span<byte> proof)
    {
        // Fields of variable length are preceded by their length, so that no two different conversations read the same.
        int jobBytes = Encoding.UTF8.GetByteCount(jobId);
        int length = label.Length + 1 + 2 + 2 + jobBytes + first.Length + second.Length + body.Length;
        byte[]? rented = length <= 1024 ? null : new byte[length];
        Span<byte> text = rented ?? stackalloc byte[length];
        Span<byte> rest = text;
        label.CopyTo(rest);
        rest = rest[label.Length..];
        rest[0] = role;
        BinaryPrimitives.WriteUInt16LittleEndian(rest[1..], Protocol.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(rest[3..], (ushort)jobBytes);
        rest = rest[5..];
        Encoding.UTF8.GetBytes(jobId, rest);
        rest = rest[jobBytes..];
        first.CopyTo(rest);
        rest = rest[first.Length..];
        second.CopyTo(rest);
        rest = rest[second.Length..];
        body.CopyTo(rest);
        HMACSHA256.HashData(token, text, proof);
    }
}

/// <summary>The two ends of a link and the job they belong to.</summary>
internal readonly record struct LinkIdentity(string JobId, uint Epoch, int Lower, Guid LowerId, int Higher, Guid HigherId);

/// <summary>What both ends of a control connection or link have to agree on.</summary>
internal static class Protocol
{
    /// <summary>Version of control protocol and link hello; both ends must have the same.</summary>
    public const ushort Version = 4;

    /// <summary>"BXRC", the first bytes of a control conversation.</summary>
    public const uint ControlMagic = 0x4352_5842;

    /// <summary>"BXRL", the first bytes of a link.</summary>
    public const uint LinkMagic = 0x4C52_5842;
}
