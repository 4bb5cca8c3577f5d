using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab.Kernel;

/// <summary>Speaks netlink with the network namespace that the calling thread was in when it was made.</summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    public const int Routing = 0, Netfilter = 12;

    private const int Family = 16, RawType = 3, Level = 270, CapAcknowledgements = 10, ExtendedErrors = 11, ReceiveTimeout = 20;
    private const ushort ErrorMessage = 2, ErrorHasText = 0x200;

    // Each answer takes about 1 KiB of the socket's buffer, which holds 208 KiB unless the system says otherwise.
    private const int AtOnce = 64;

    private readonly int _descriptor;

    /// <exception cref="LabException">The kernel has no such protocol.</exception>
    public NetlinkSocket(int protocol)
    {
        _descriptor = KernelCalls.Socket(Family, RawType | KernelCalls.CloseOnExecute, protocol);
        if (_descriptor < 0)
        {
            string what = protocol == Netfilter ? "packet filters" : "network links";
            throw new LabException(
                $"the kernel does not let boxer set up {what}: {Marshal.GetLastPInvokeErrorMessage()}",
                "it takes a kernel with CONFIG_NF_TABLES, CONFIG_NF_NAT and CONFIG_VETH");
        }

        // Without them errors come without their text, and answers repeat the request.
        int on = 1;
        _ = KernelCalls.SetOption(_descriptor, Level, ExtendedErrors, &on, sizeof(int));
        _ = KernelCalls.SetOption(_descriptor, Level, CapAcknowledgements, &on, sizeof(int));

        // The kernel answers before it returns from the request: an answer that does not come has been lost.
        long* patience = stackalloc long[2] { 10, 0 };
        _ = KernelCalls.SetOption(_descriptor, 1 /* SOL_SOCKET */, ReceiveTimeout, patience, 2 * sizeof(long));
    }

    /// <summary>Carries out all requests in their order.</summary>
    /// <exception cref="LabException">One was refused; those before it have been carried out.</exception>
    public void Execute(NetlinkBatch batch)
    {
        for (int from = 0; from < batch.Count; from += AtOnce)
        {
            int to = Math.Min(from + AtOnce, batch.Count);
            ReadOnlySpan<byte> bytes = batch.Bytes(from, to);
            fixed (byte* start = bytes)
            {
                if (KernelCalls.Send(_descriptor, start, (nuint)bytes.Length, 0) != bytes.Length)
                    throw Refused(batch.Purposes[from], Marshal.GetLastPInvokeErrorMessage());
            }

            int answers = 0;
            while (answers < to - from)
                answers += ReadAnswers(batch);
        }
    }

    public void Dispose() => _ = NativeMethods.Close(_descriptor);

    private int ReadAnswers(NetlinkBatch batch)
    {
        byte* buffer = stackalloc byte[8192];
        int length = (int)KernelCalls.Receive(_descriptor, buffer, 8192, 0);
        if (length < 0)
        {
            return Marshal.GetLastPInvokeError() == NativeMethods.ErrorInterrupted
                ? 0
                : throw Refused(batch.Purposes[^1], Marshal.GetLastPInvokeErrorMessage());
        }

        int answers = 0;
        ReadOnlySpan<byte> rest = new(buffer, length);
        while (rest.Length >= NetlinkBatch.HeaderBytes + sizeof(int))
        {
            int size = BinaryPrimitives.ReadInt32LittleEndian(rest);
            ReadOnlySpan<byte> message = rest[..Math.Min(size, rest.Length)];
            if (BinaryPrimitives.ReadUInt16LittleEndian(message[4..]) == ErrorMessage)
            {
                answers++;
                int error = -BinaryPrimitives.ReadInt32LittleEndian(message[NetlinkBatch.HeaderBytes..]);
                if (error != 0)
                    throw Refused(batch.Purposes[BinaryPrimitives.ReadInt32LittleEndian(message[8..])], Marshal.GetPInvokeErrorMessage(error) + Text(message));
            }

            rest = rest[Math.Min((size + 3) & ~3, rest.Length)..];
        }

        return answers;
    }

    /// <summary>The kernel's own words, in the attributes behind the error and the head of the request.</summary>
    private static string Text(ReadOnlySpan<byte> message)
    {
        if ((BinaryPrimitives.ReadUInt16LittleEndian(message[6..]) & ErrorHasText) == 0)
            return "";

        ReadOnlySpan<byte> attributes = message[(NetlinkBatch.HeaderBytes + sizeof(int) + NetlinkBatch.HeaderBytes)..];
        while (attributes.Length >= 4)
        {
            int length = Math.Clamp(BinaryPrimitives.ReadUInt16LittleEndian(attributes), (ushort)4, attributes.Length);
            if (BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) == 1)
                return $" ({Encoding.UTF8.GetString(attributes[4..length]).TrimEnd('\0')})";
            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
        }

        return "";
    }

    private static LabException Refused(string purpose, string reason) => new(
        $"the kernel refused to {purpose}: {reason}",
        "it takes root (CAP_NET_ADMIN) and a kernel with CONFIG_VETH, CONFIG_NET_SCH_TBF for --rate, and CONFIG_NF_TABLES");
}
