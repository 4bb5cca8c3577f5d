using System.ComponentModel;
using System.Diagnostics;

namespace BoxerMpi.NatLab.Kernel;

/// <summary>Loads nftables rules into the namespace of the calling thread, by the <c>nft</c> command (nft(8)).</summary>
/// <remarks>
/// By the command, not by the library that it is made of: that uses select(2), which ends a process with more than 1,024 descriptors,
/// and a lab of hundreds of hosts has more.
/// </remarks>
internal static class PacketRules
{
    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <exception cref="LabException">The command or the kernel's part of nftables is not there.</exception>
    public static void Require()
    {
        _ = Find();
        using NetlinkSocket probe = new(NetlinkSocket.Netfilter);
    }

    /// <exception cref="LabException">The rules were refused.</exception>
    public static void Load(string rules)
    {
        using Process nft = Start();
        try
        {
            nft.StandardInput.Write(rules);
            nft.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading; why is in what it says.
        }

        string error = nft.StandardError.ReadToEnd().Trim();
        if (!nft.WaitForExit(Limit))
        {
            nft.Kill();
            throw new LabException($"nft did not end within {Limit.TotalSeconds:0} s", "see whether the machine is overloaded");
        }

        if (nft.ExitCode != 0)
        {
            throw new LabException(
                $"the kernel refused the rules of a NAT gateway: {error}",
                "it takes a kernel with CONFIG_NF_TABLES, CONFIG_NFT_NAT, CONFIG_NFT_MASQ, CONFIG_NFT_CT and CONFIG_NFT_REJECT");
        }
    }

    /// <summary>A child has the namespace of the thread that makes it.</summary>
    private static Process Start()
    {
        ProcessStartInfo start = new(Find(), ["-f", "-"]) { RedirectStandardInput = true, RedirectStandardError = true };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new LabException($"{start.FileName} cannot be started: {error.Message}", "install it anew: apt-get install --reinstall nftables");
        }
    }

    private static string Find()
    {
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        foreach (string folder in (IEnumerable<string>)[.. path, .. Folders])
        {
            string file = Path.Combine(folder, "nft");
            if (File.Exists(file))
                return file;
        }

        throw new LabException("NAT gateways need the nft command, and it is not there", "install it: apt-get install nftables");
    }
}
