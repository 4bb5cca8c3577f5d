using System.Buffers.Binary;

namespace BoxerMpi.Transport;

/// <summary>What is known of the way to the other side.</summary>
/// <param name="IsClear">All that was written has arrived: nothing can be stuck until more is written.</param>
/// <param name="Death">Why the way counts as dead, or null.</param>
internal readonly record struct PathState(bool IsClear, string? Death = null);

/// <summary>Reads from the kernel's <c>struct tcp_info</c> whether what was sent gets through.</summary>
/// <remarks>
/// TCP_USER_TIMEOUT would do it without being asked, but it also ends connections to a rank that is alive and merely does not read
/// for a while; and keep-alive does nothing while data is under way. The kernel of a rank that does not read answers each probe of
/// its window: no probe stays open, and nothing is sent again.
/// </remarks>
internal static unsafe class TcpPath
{
    // The kernel itself gives up after some 15 minutes.
    private const int SilenceMilliseconds = 10_000;
    private const int UnansweredTries = 3;

    // Offsets in struct tcp_info: eight bytes, then words of 32 bits, then the 64-bit counters and what came after them.
    private const int RetransmitsAt = 2;
    private const int ProbesAt = 3;
    private const int UnacknowledgedAt = 8 + (4 * 4);
    private const int LastAcknowledgementAt = 8 + (12 * 4);
    private const int NotSentAt = 144;
    private const int InformationBytes = NotSentAt + 4;
    private const int LeastBytes = LastAcknowledgementAt + 4;

    public static PathState Look(int descriptor)
    {
        byte* bytes = stackalloc byte[InformationBytes];
        uint length = InformationBytes;
        if (LinuxNative.GetOption(descriptor, LinuxNative.LevelTcp, LinuxNative.TcpInformation, (int*)bytes, &length) < 0)
            return default; // a broken connection says so when it is read
        return Judge(new ReadOnlySpan<byte>(bytes, (int)length));
    }

    /// <param name="information">As much of the structure as the kernel gave.</param>
    public static PathState Judge(ReadOnlySpan<byte> information)
    {
        if (information.Length < LeastBytes)
            return default;
        int retransmits = information[RetransmitsAt], probes = information[ProbesAt];
        uint unacknowledged = BinaryPrimitives.ReadUInt32LittleEndian(information[UnacknowledgedAt..]);
        uint silence = BinaryPrimitives.ReadUInt32LittleEndian(information[LastAcknowledgementAt..]);
        if (silence >= SilenceMilliseconds && ((unacknowledged > 0 && retransmits >= UnansweredTries) || probes >= UnansweredTries))
            return new PathState(false, $"nothing has been acknowledged for {silence / 1000.0:F1} s and {Math.Max(retransmits, probes)} further tries");

        return new PathState(
            unacknowledged == 0 && information.Length >= InformationBytes && BinaryPrimitives.ReadUInt32LittleEndian(information[NotSentAt..]) == 0);
    }
}
