import { Command } from 'commander'
import ownPackage from '../package.json' with { type: 'json' }
import { addAudit } from './commands/audit.ts'
import { addCa } from './commands/ca.ts'
import { addCompletion } from './commands/completion.ts'
import { addCp } from './commands/cp.ts'
import { addDoctor } from './commands/doctor.ts'
import { addExposeList } from './commands/expose/list.ts'
import { addExposeLocal } from './commands/expose/local.ts'
import { addExposePort } from './commands/expose/port.ts'
import { addExposeRemove } from './commands/expose/remove.ts'
import { addExposeScan } from './commands/expose/scan.ts'
import { addExposeShell } from './commands/expose/shell.ts'
import { addFsck } from './commands/fsck.ts'
import { addGroupLinks } from './commands/group/links.ts'
import { addGroupList } from './commands/group/list.ts'
import { addGroupMembers } from './commands/group/members.ts'
import { addHealth } from './commands/health.ts'
import { addImageBuild } from './commands/image/build.ts'
import { addImageInspect } from './commands/image/inspect.ts'
import { addImageList } from './commands/image/list.ts'
import { addImagePull } from './commands/image/pull.ts'
import { addImageRemove } from './commands/image/remove.ts'
import { addJournal } from './commands/journal.ts'
import { addLimit } from './commands/limit.ts'
import { addLogin } from './commands/login.ts'
import { addLogout } from './commands/logout.ts'
import { addManifestCheck } from './commands/manifest-check.ts'
import { addManifestSchema } from './commands/manifest-schema.ts'
import { addCatalog } from './commands/playground/catalog.ts'
import { addClone } from './commands/playground/clone.ts'
import { addCoAuthors } from './commands/playground/co-authors.ts'
import { addCreate } from './commands/playground/create.ts'
import { addDestroy } from './commands/playground/destroy.ts'
import { addEdit } from './commands/playground/edit.ts'
import { addLifetime } from './commands/playground/lifetime.ts'
import { addLineage } from './commands/playground/lineage.ts'
import { addList } from './commands/playground/list.ts'
import { addMachineActions } from './commands/playground/machine-action.ts'
import { addMachineConsole } from './commands/playground/machine-console.ts'
import { addMachines } from './commands/playground/machines.ts'
import { addManifest } from './commands/playground/manifest.ts'
import { addPersist } from './commands/playground/persist.ts'
import { addRemove } from './commands/playground/remove.ts'
import { addRestart } from './commands/playground/restart.ts'
import { addSave } from './commands/playground/save.ts'
import { addShare } from './commands/playground/share.ts'
import { addStart } from './commands/playground/start.ts'
import { addStatus } from './commands/playground/status.ts'
import { addStop } from './commands/playground/stop.ts'
import { addTaskOutput } from './commands/playground/task-output.ts'
import { addTaskRetry } from './commands/playground/task-retry.ts'
import { addTasks } from './commands/playground/tasks.ts'
import { addTitle } from './commands/playground/title.ts'
import { addTransfer } from './commands/playground/transfer.ts'
import { addUpdate } from './commands/playground/update.ts'
import { addWait } from './commands/playground/wait.ts'
import { addPortForward } from './commands/port-forward.ts'
import { addSessionEnd } from './commands/session/end.ts'
import { addSessionList } from './commands/session/list.ts'
import { addSessionToken } from './commands/session/token.ts'
import { addSsh } from './commands/ssh.ts'
import { addSshConfig } from './commands/ssh-config.ts'
import { addSshKeyAdd } from './commands/ssh-key/add.ts'
import { addSshKeyList } from './commands/ssh-key/list.ts'
import { addSshKeyRemove } from './commands/ssh-key/remove.ts'
import { addUsage } from './commands/usage.ts'
import { addUserAdd } from './commands/user/add.ts'
import { addUserChanges } from './commands/user/change.ts'
import { addUserInvite } from './commands/user/invite.ts'
import { addUserList } from './commands/user/list.ts'
import { addUserPasswd } from './commands/user/passwd.ts'
import { addUserRemove } from './commands/user/remove.ts'
import { addWhoami } from './commands/whoami.ts'
import { openWith } from './context.ts'

const examples = `
Examples:
  ramet playground start debian            start a run, wait until it is ready, print its id
  ramet ssh ID                             a shell in its first machine
  ramet ssh ID -m box -- uname -a          one command; its exit status is this command's
  ramet cp -r src ID:/root/                a folder into a machine
  ramet playground stop ID                 switch it off and keep everything
  ramet playground restart ID              switch it on again
  ramet playground clone ID --count 3      three stopped copies of a stopped run, at once
  ramet playground save ID my-lab          a playground of your own from a stopped run
  ramet playground destroy ID              remove it
  ramet login                              a link to the dashboard that logs a browser in once
  ramet login http://lab:8420              keep a token of another computer's server; commands go there then

A run is named by its id, or by the beginning of its id or title if no other begins so.

The server is found by --endpoint and --token, else by RAMET_ENDPOINT and RAMET_TOKEN, else by
what the server of RAMET_HOME wrote down, else by the last login, else in /var/lib/ramet.
Exit status: 0 done, 1 failed, 2 wrong usage (tasks --wait: not all completed), 130 interrupted. ssh: that of the command, 255 failed.`

/** The whole command line, a file a verb. Throws CommanderError for usage errors and after help. */
export function createProgram(): Command {
  const program = new Command('ramet')
    .description('Playgrounds of real Linux machines: start, stop, pick up later, clone, save.')
    .version(ownPackage.version, '-V, --version', 'print the version')
    .option('--endpoint <url>', 'address of the server')
    .option('--token <token>', 'API token')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride()
    .addHelpText('after', examples)
  const open = openWith(() => program.opts())

  const playground = program
    .command('playground')
    .aliases(['p', 'playgrounds'])
    .summary('runs and what they are made from')
    .description('Runs, and the playgrounds they are made from.')
  addStart(playground, open)
  addList(playground, open)
  addStatus(playground, open)
  addWait(playground, open)
  addStop(playground, open)
  addRestart(playground, open)
  addDestroy(playground, open)
  addClone(playground, open)
  addSave(playground, open)
  addLineage(playground, open)
  addTitle(playground, open)
  addLifetime(playground, open)
  addPersist(playground, open)
  addMachines(playground, open)
  const machine = playground.command('machine').description('One machine of a run.')
  addMachineConsole(machine, open)
  addMachineActions(machine, open)
  addTasks(playground, open)
  const task = playground.command('task').description('One task of a run.')
  addTaskOutput(task, open)
  addTaskRetry(task, open)
  addCatalog(playground, open)
  addCreate(playground, open)
  addManifest(playground, open)
  addEdit(playground, open)
  addUpdate(playground, open)
  addShare(playground, open)
  addCoAuthors(playground, open)
  addTransfer(playground, open)
  addRemove(playground, open)

  addSsh(program, open)
  addJournal(program, open)
  addCp(program, open)
  addSshConfig(program, open)
  const sshKey = program.command('ssh-key').description('Public keys that open your machines by plain ssh.')
  addSshKeyAdd(sshKey, open)
  addSshKeyList(sshKey, open)
  addSshKeyRemove(sshKey, open)
  const session = program.command('session').description('Browsers, programs and tokens that may act for you.')
  addSessionList(session, open)
  addSessionToken(session, open)
  addSessionEnd(session, open)
  const user = program.command('user').description('Who there is on this server, for its admins; and your own password.')
  addUserList(user, open)
  addUserAdd(user, open)
  addUserInvite(user, open)
  addUserChanges(user, open)
  addUserRemove(user, open)
  addLimit(user, open, 'user')
  addUserPasswd(user, open)
  const group = program.command('group').description('Classes and teams: share a playground with all of one by its name.')
  addGroupList(group, open)
  addGroupLinks(group, open)
  addGroupMembers(group, open)
  addLimit(group, open, 'group')
  addAudit(program, open)
  const expose = program
    .command('expose')
    .summary('ports and shells of runs under host names of their own')
    .description('Ports and shells of runs under host names of their own: `ramet expose RUN PORT`, `ramet expose shell RUN`.')
  addExposePort(expose, open)
  addExposeShell(expose, open)
  addExposeLocal(expose, open)
  addExposeList(expose, open)
  addExposeRemove(expose, open)
  addExposeScan(expose, open)
  addPortForward(program, open)
  const manifest = program.command('manifest').description('Manifests of playgrounds.')
  addManifestCheck(manifest, open)
  addManifestSchema(manifest)

  const image = program.command('image').description('What drives start from.')
  addImageList(image, open)
  addImageInspect(image, open)
  addImageBuild(image, open)
  addImagePull(image, open)
  addImageRemove(image, open)

  addLogin(program, open)
  addLogout(program, open)
  addWhoami(program, open)
  addCa(program, open)
  addUsage(program, open)
  addDoctor(program, open)
  addFsck(program, open)
  addHealth(program, open)
  addCompletion(program, open)
  return program
}
