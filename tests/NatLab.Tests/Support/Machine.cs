using System.Runtime.CompilerServices;
using BoxerMpi.Launcher.Options;

namespace BoxerMpi.NatLab.Tests.Support;

/// <summary>What the tests need of the machine, and names of their own on it.</summary>
internal static class Machine
{
    private static int _prefixes;

    /// <summary>A lab of this process; the test is skipped where there can be none.</summary>
    public static Lab Make(LabOptions options)
    {
        RequireLab();
        return Lab.Create(options with { RelayProgram = ThisProgram.Relay });
    }

    public static void RequireLab()
    {
        try
        {
            Lab.Require();
        }
        catch (LabException reason)
        {
            Assert.Skip($"{reason.Message}; {reason.Hint}");
        }
    }

    /// <summary>A name for a lab that no other test run uses.</summary>
    public static string Prefix() => $"t{Environment.ProcessId}-{Interlocked.Increment(ref _prefixes)}";

    /// <summary>Names in /run/netns that a lab has left.</summary>
    public static IReadOnlyList<string> Names(string prefix) => PinnedNames.Of(prefix);

    /// <summary>Records of these tests, launchers that they start included, are apart from those of the machine.</summary>
    [ModuleInitializer]
    internal static void KeepRecordsApart()
    {
        string folder = Directory.CreateTempSubdirectory("boxer-natlab-test-").FullName;
        Environment.SetEnvironmentVariable("BOXER_NATLAB_DIR", folder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
    }
}
