using System.Runtime.InteropServices;
using BoxerMpi.Launching;
using BoxerMpi.NatLab;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.NatLab;

/// <summary>Replaces this process by a command in a lab, so that signals, terminal and exit code are the command's own.</summary>
internal static unsafe class LabExecution
{
    private const int NotFound = 127, NotExecutable = 126;

    /// <summary>Does not return, unless the command cannot be started: then the exit code that a shell would give.</summary>
    /// <exception cref="LabException">The lab is not there any more.</exception>
    public static int Become(LabRecord record, string name, string[] command)
    {
        // exec takes a -- after the host; behind it all is the command's.
        if (command is ["--", ..])
            command = command[1..];
        if (command is not [{ Length: > 0 } file, ..])
            throw new UsageException("the command is missing: what is to be run?", "boxer natlab exec 0 -- CMD, or exec-seed -- CMD");

        using NetworkNamespace network = record.Open(name);
        network.Enter();
        using NativeStrings strings = new();
        IEnumerable<string> environment = OwnProcess.Variables().Select(variable => $"{variable.Key}={variable.Value}");

        // The .NET runtime ignores it, and a command would inherit that.
        _ = NativeMethods.SetHandler(NativeMethods.SigPipe, 0);
        _ = NativeMethods.Execute(strings.Add(file), strings.AddVector(command), strings.AddVector(environment));
        int error = Marshal.GetLastPInvokeError();
        Console.Error.WriteLine($"boxer: cannot start {SystemText.Show(file)}: {Marshal.GetPInvokeErrorMessage(error)}");
        return error == NativeMethods.ErrorNoSuchFile ? NotFound : NotExecutable;
    }
}
