using System.Runtime.InteropServices;

namespace BoxerMpi.Launcher.NatLab.Kernel;

/// <summary>Loads nftables rules into the namespace of the calling thread, by the library that the <c>nft</c> command is made of (libnftables(3)).</summary>
internal static unsafe partial class PacketRules
{
    private const string Library = "libnftables.so.1";

    /// <exception cref="LabException">The library or the kernel's part of nftables is not there.</exception>
    public static void Require()
    {
        if (!NativeLibrary.TryLoad(Library, out _))
            throw new LabException($"NAT gateways need nftables, and {Library} is not there", "install it: apt-get install nftables");

        // The library ends the whole process when it gets no such socket.
        using NetlinkSocket probe = new(NetlinkSocket.Netfilter);
    }

    /// <exception cref="LabException">The rules were refused.</exception>
    public static void Load(string rules)
    {
        nint context = New(0);
        if (context == 0)
            throw new LabException("nftables cannot be used: no memory", "end other programs");
        try
        {
            _ = BufferError(context);
            if (Run(context, rules) != 0)
            {
                string error = Marshal.PtrToStringUTF8(ErrorText(context))?.Trim() ?? "";
                throw new LabException(
                    $"the kernel refused the rules of a NAT gateway: {error}",
                    "it takes a kernel with CONFIG_NF_TABLES, CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT and CONFIG_NFT_REJECT");
            }
        }
        finally
        {
            Free(context);
        }
    }

    [LibraryImport(Library, EntryPoint = "nft_ctx_new")]
    private static partial nint New(uint flags);

    [LibraryImport(Library, EntryPoint = "nft_ctx_free")]
    private static partial void Free(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_buffer_error")]
    private static partial int BufferError(nint context);

    [LibraryImport(Library, EntryPoint = "nft_ctx_get_error_buffer")]
    private static partial nint ErrorText(nint context);

    [LibraryImport(Library, EntryPoint = "nft_run_cmd_from_buffer", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Run(nint context, string commands);
}
